/// Reads what apt says; the only place that does.
///
/// apt-get answers 100 to everything, so that the reason stands in its text alone (in the C locale, apt 2.2 to 3.0).
enum AptMessages {
    /// Why an update failed.
    enum UpdateFailure: Sendable, Hashable {
        /// Signed with a key that the keyring does not hold.
        case unknownKey(String)
        case badSignature
        /// The signing key is expired or revoked.
        case deadKey
        case unsigned
        case expired
        case notYetValid
        case tampered
        case missingSuite
        /// The mirror lacks an index that its Release file names.
        case incomplete
        case unreachable
        /// The server wants a login, or another one.
        case unauthorized
        case other
    }

    /// The first rule that any line fulfils; apt often follows the reason with a vaguer sentence.
    private static let rules: [(words: [String], failure: UpdateFailure)] = [
        (["BADSIG"], .badSignature),
        (["EXPKEYSIG"], .deadKey),
        (["REVKEYSIG"], .deadKey),
        (["KEYEXPIRED"], .deadKey),
        (["NO_PUBKEY"], .unknownKey("")),
        (["Missing key "], .unknownKey("")),
        (["is expired (invalid since"], .expired),
        (["is not valid yet"], .notYetValid),
        (["Hash Sum mismatch"], .tampered),
        (["File has unexpected size"], .tampered),
        (["No Hash entry in Release file"], .tampered),
        (["Could not connect"], .unreachable),
        (["Could not resolve"], .unreachable),
        (["Temporary failure resolving"], .unreachable),
        (["Connection failed"], .unreachable),
        (["Connection timed out"], .unreachable),
        (["Failed to fetch", "  404"], .incomplete),
        (["Failed to fetch", "  410"], .incomplete),
        (["Failed to fetch", "  File not found"], .incomplete),
        (["Failed to fetch", "  401"], .unauthorized),
        (["Failed to fetch", "  403"], .unauthorized),
        (["Failed to fetch", "  40"], .unreachable),
        (["Failed to fetch", "  5"], .unreachable),
        (["does not have a Release file"], .missingSuite),
        (["no longer has a Release file"], .missingSuite),
        (["Clearsigned file isn't valid"], .unsigned),
        (["is not signed"], .unsigned),
        (["is no longer signed"], .unsigned),
        (["signatures were invalid"], .badSignature),
        (["couldn't be verified"], .badSignature),
        (["Failed to fetch"], .unreachable),
    ]

    /// The reason and the line that gives it.
    static func updateFailure(_ text: String) -> (failure: UpdateFailure, words: [String]) {
        let lines = complaints(text)
        for rule in rules {
            guard let line = lines.first(where: { line in rule.words.allSatisfy(line.contains) }) else {
                continue
            }
            if case .unknownKey = rule.failure { return (.unknownKey(keyID(in: line)), [line]) }
            return (rule.failure, [line])
        }
        return (.other, lines)
    }

    /// apt's errors and warnings, without `E:` and `W:`, without repetition, without passwords.
    static func complaints(_ text: String) -> [String] {
        var found: [String] = []
        for line in text.split(separator: "\n") where line.hasPrefix("E: ") || line.hasPrefix("W: ") {
            let words = withoutPasswords(String(line.dropFirst(3)))
            if !found.contains(words) { found.append(words) }
        }
        return found
    }

    /// `scheme://user:password@host` with the middle left out.
    static func withoutPasswords(_ text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false).map { word -> String in
            guard let scheme = word.firstRange(of: "://") else { return String(word) }
            let rest = word[scheme.upperBound...]
            let host = rest.prefix { $0 != "/" }
            guard let at = host.lastIndex(of: "@") else { return String(word) }
            return String(word[..<scheme.upperBound] + rest[rest.index(after: at)...])
        }.joined(separator: " ")
    }

    private static func keyID(in line: String) -> String {
        let words = line.split(whereSeparator: { $0.isWhitespace || $0 == "," }).map(String.init)
        let hex = words.filter { $0.count >= 16 && $0.allSatisfy(\.isHexDigit) }
        return hex.last ?? ""
    }

    /// Why a set has no solution.
    enum SolveFailure: Sendable, Hashable {
        /// The archive knows no package of this name.
        case unknownPackage(String)
        /// A name that some packages provide, or that others only mention.
        case noCandidate(String, providers: [String])
        case unknownVersion(package: String, version: String)
        case unmet([UnmetDependency])
        /// There is none, and apt does not say which packages stand in the way.
        case unsolvable
        /// apt failed at something else.
        case other
    }

    /// How apt's solvers say that there is no solution, from apt 2.2 and from apt 3.0 on.
    private static let noSolution = [
        "Unable to correct problems", "Unable to satisfy dependencies",
        "Error, pkgProblemResolver::Resolve generated breaks",
    ]

    /// `package` cannot go with the others, in apt's words.
    struct UnmetDependency: Sendable, Hashable {
        let package: String
        /// `Depends`, `Conflicts`, `Breaks`, `PreDepends`.
        let relation: String
        /// With its version bounds, such as `libssl3 (>= 3.0)`.
        let target: String
        /// Such as `but 1.1 is to be installed`.
        let reason: String

        var targetName: String {
            String(target.prefix { $0 != " " && $0 != ":" })
        }
    }

    static func solveFailure(output: String, errors: String) -> SolveFailure {
        for line in complaints(errors) {
            if let rest = line.suffix(after: "Unable to locate package ") { return .unknownPackage(rest) }
            if line.hasSuffix(" has no installation candidate"), let name = quoted(line).first {
                return .noCandidate(name, providers: providers(output))
            }
            if line.hasPrefix("Version "), line.hasSuffix(" was not found") {
                let words = quoted(line)
                if words.count == 2 { return .unknownVersion(package: words[1], version: words[0]) }
            }
        }
        let unmet = unmetDependencies(output)
        guard unmet.isEmpty else { return .unmet(unmet) }
        let isUnsolvable = complaints(errors).contains { noSolution.contains(where: $0.hasPrefix) }
        return isUnsolvable ? .unsolvable : .other
    }

    /// `Package x is a virtual package provided by:` and a line for each, with its version and remarks.
    private static func providers(_ output: String) -> [String] {
        let lines = output.split(separator: "\n").drop { !$0.hasSuffix("is a virtual package provided by:") }
        let names = lines.dropFirst().prefix { $0.hasPrefix("  ") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        return Set(names).sorted()
    }

    /// ` package : Relation: target but …`, and lines below it that leave the package out.
    private static func unmetDependencies(_ output: String) -> [UnmetDependency] {
        var found: [UnmetDependency] = []
        var inList = false
        var package = ""
        for line in output.split(separator: "\n") {
            if line.hasPrefix("The following packages have unmet dependencies") {
                inList = true
            } else if inList {
                guard line.first == " " else { break }
                var rest = line.trimmingSpaces
                if let separator = rest.firstRange(of: " : ") {
                    package = String(rest[..<separator.lowerBound].trimmingSpaces)
                    rest = rest[separator.upperBound...].trimmingSpaces
                }
                guard let colon = rest.firstRange(of: ": ") else { continue }
                let wanted = rest[colon.upperBound...]
                let reason = wanted.firstRange(of: " but ")?.lowerBound ?? wanted.endIndex
                found.append(
                    UnmetDependency(
                        package: package,
                        relation: String(rest[..<colon.lowerBound]),
                        target: String(wanted[..<reason].trimmingSpaces),
                        reason: String(wanted[reason...].trimmingSpaces)
                    )
                )
            }
        }
        return found
    }

    /// What stands in single quotes.
    private static func quoted(_ line: String) -> [String] {
        line.split(separator: "'", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
    }
}

extension String {
    func suffix(after prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
