import KilnDefinition
import KilnDiagnostics
import SystemPackage

/// What apt is told to prefer (apt_preferences(5)). Pure.
///
/// Of records that name a package the first that fits a version counts, and any of them before those for all packages.
struct AptPreferences: Sendable {
    let archives: [AptArchive]
    let targets: Set<AptTarget>

    /// The records of pins, then those of the archives' own priorities.
    func records(_ pins: [PackagePin]) throws(LockError) -> [String] {
        var records: [String] = []
        for pin in pins {
            for selector in try selectors(pin) {
                records.append(Self.record(pin.package, selector, pin.priority))
            }
        }
        for archive in archives {
            guard let priority = archive.definition.priority else { continue }
            for selector in try selectors(of: archive, archive.definition.suites, "its priority") {
                records.append(Self.record("*", selector, priority))
            }
        }
        return records
    }

    /// Above what goes for new installations, so that a version once locked stays.
    static func kept(_ packages: [LockedPackage]) -> [String] {
        packages.map { record($0.name, "version \($0.version)", 1001) }
    }

    private static func record(_ package: String, _ pin: String, _ priority: Int) -> String {
        "Package: \(package)\nPin: \(pin)\nPin-Priority: \(priority)\n"
    }

    private func selectors(_ pin: PackagePin) throws(LockError) -> [String] {
        switch pin.target {
        case .version(let version): return ["version \(version)"]
        case .archive(let name):
            guard let archive = archives.first(where: { $0.name == name }) else { return [] }
            return try selectors(of: archive, archive.definition.suites, "a pin")
        case .suite(let suite):
            var found: [String] = []
            for archive in archives where archive.definition.suites.contains(suite) {
                found += try selectors(of: archive, [suite], "a pin")
            }
            return found
        }
    }

    /// What tells the archive's suites from all that apt knows besides.
    private func selectors(
        of archive: AptArchive,
        _ suites: [String],
        _ purpose: String
    ) throws(LockError) -> [String] {
        let places = archive.sources.filter { suites.contains($0.suite) }
        let own = targets.filter { target in
            places.contains { $0.uri == target.uri && $0.suite == target.suite }
        }
        let others = targets.subtracting(own)
        let releases = own.filter { target in !others.contains { target.isLike($0) } }
        if releases.count == own.count { return Set(own.map(\.releaseSelector)).sorted() }
        let hosts = Set(own.compactMap(\.host))
        if own.allSatisfy({ $0.host != nil }), hosts.isDisjoint(with: others.compactMap(\.host)) {
            return hosts.sorted().map { "origin \"\($0)\"" }
        }
        let other = archives.first { candidate in
            candidate.name != archive.name
                && candidate.sources.contains { source in
                    others.contains { $0.uri == source.uri && $0.suite == source.suite }
                }
        }
        throw LockError(
            .ambiguousArchive,
            "archive \"\(archive.name)\" cannot be told from "
                + (other.map { "archive \"\($0.name)\"" } ?? "its own other suites")
                + ", so that \(purpose) cannot be heeded",
            at: archive.definition.span,
            causes: ["their Release files have the same Origin, Label, Suite and Codename"],
            hint: "let the archive you keep yourself say another Origin:, or pin by version:",
            exitStatus: .usage
        )
    }
}

extension AptTarget {
    /// The fields by which apt can select, with what the Release file says; what apt would not take literally is left out.
    private var selectable: [(letter: String, value: String)] {
        [("o", origin), ("l", label), ("a", releaseSuite), ("n", codename)].filter { field in
            !field.1.isEmpty && !field.1.utf8.contains { ",*?[]/\\\"'".utf8.contains($0) }
        }
    }

    fileprivate var releaseSelector: String {
        "release " + selectable.map { "\($0.letter)=\($0.value)" }.joined(separator: ",")
    }

    /// Whether what selects this one selects the other, too.
    fileprivate func isLike(_ other: AptTarget) -> Bool {
        let theirs = ["o": other.origin, "l": other.label, "a": other.releaseSuite, "n": other.codename]
        return selectable.allSatisfy { theirs[$0.letter] == $0.value }
    }

    /// As apt's `Pin: origin` has it; nil for a folder of the machine.
    fileprivate var host: String? {
        guard uri.hasPrefix("http"), let separator = uri.firstRange(of: "://") else { return nil }
        let authority = uri[separator.upperBound...].prefix { $0 != "/" }
        let host = authority.split(separator: "@").last?.split(separator: ":").first
        return host.map(String.init)
    }
}
