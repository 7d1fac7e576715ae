import KilnInventory

/// A package that dpkg knows on the server.
package struct ServerPackage: Sendable, Hashable {
    /// Where it stands (dpkg(1), "Package states").
    package enum State: Sendable, Hashable {
        case installed
        /// Removed, with its configuration left behind.
        case configFiles
        /// Unpacked halfway, or failed.
        case broken(String)
    }

    package struct Conffile: Sendable, Hashable {
        /// Without a leading `/`.
        package let path: String
        package let md5: MD5
        package let isObsolete: Bool
    }

    package var name: String
    package var version: String
    package var architecture: String
    package var state: State
    package var priority: String
    package var isEssential: Bool
    /// Each is one of several that will do.
    package var depends: [[String]]
    package var recommends: [[String]]
    package var suggests: [[String]]
    package var provides: [String]
    package var conffiles: [Conffile]

    package init(
        _ name: String,
        _ version: String,
        state: State = .installed,
        priority: String = "optional",
        isEssential: Bool = false,
        depends: [[String]] = [],
        recommends: [[String]] = [],
        suggests: [[String]] = [],
        provides: [String] = []
    ) {
        self.name = name
        self.version = version
        architecture = ""
        self.state = state
        self.priority = priority
        self.isEssential = isEssential
        self.depends = depends
        self.recommends = recommends
        self.suggests = suggests
        self.provides = provides
        conffiles = []
    }
}

/// Reads dpkg's `status`. A paragraph that makes no sense is passed over and counted.
package enum DpkgStatusReader {
    private static let fields: Set<String> = [
        "package", "version", "status", "architecture", "priority", "essential", "depends", "pre-depends",
        "recommends", "suggests", "provides", "conffiles",
    ]

    package struct Result: Sendable, Hashable {
        package var packages: [ServerPackage] = []
        /// Paragraphs without a name, a state, or a version where there must be one.
        package var damaged = 0
    }

    package static func read(_ bytes: [UInt8]) -> Result {
        var result = Result()
        ControlFields.forEach(in: bytes, fields) { paragraph in
            guard let name = paragraph["package"], isName(name), let status = paragraph["status"] else {
                result.damaged += 1
                return
            }
            let words = status.split(separator: " ")
            guard words.count == 3, let state = state(words[2]) else {
                if words.last != "not-installed" { result.damaged += 1 }
                return
            }
            guard let version = paragraph["version"], !version.isEmpty else {
                result.damaged += 1
                return
            }
            result.packages.append(package(name, version, state, paragraph))
        }
        return result
    }

    private static func package(
        _ name: String,
        _ version: String,
        _ state: ServerPackage.State,
        _ fields: ControlFields
    ) -> ServerPackage {
        var package = ServerPackage(
            name,
            version,
            state: state,
            priority: fields["priority"] ?? "optional",
            isEssential: fields["essential"] == "yes",
            depends: relations(fields["pre-depends"]) + relations(fields["depends"]),
            recommends: relations(fields["recommends"]),
            suggests: relations(fields["suggests"]),
            provides: relations(fields["provides"]).flatMap { $0 }
        )
        package.architecture = fields["architecture"] ?? ""
        package.conffiles = conffiles(fields["conffiles"] ?? "")
        return package
    }

    private static func state(_ word: Substring) -> ServerPackage.State? {
        switch word {
        case "installed", "triggers-pending", "triggers-awaited": .installed
        case "config-files": .configFiles
        case "half-installed", "unpacked", "half-configured": .broken(String(word))
        default: nil
        }
    }

    /// `a (>= 1) | b, c:any [amd64]`: names alone (deb-control(5)).
    package static func relations(_ text: String?) -> [[String]] {
        (text ?? "").split(separator: ",").compactMap { group in
            let names = group.split(separator: "|").compactMap { choice -> String? in
                let word = choice.drop(while: \.isWhitespace)
                    .prefix { !$0.isWhitespace && $0 != "(" && $0 != "[" && $0 != ":" && $0 != "<" }
                return word.isEmpty ? nil : String(word)
            }
            return names.isEmpty ? nil : names
        }
    }

    private static func conffiles(_ text: String) -> [ServerPackage.Conffile] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 2, words[0].first == "/" else { return nil }
            let marks = words.dropFirst(2)
            // A conffile that is not there yet has the word newconffile for its digest.
            guard let md5 = MD5(hex: words[1]) else { return nil }
            return ServerPackage.Conffile(
                path: String(words[0].drop { $0 == "/" }),
                md5: md5,
                isObsolete: marks.contains("obsolete") || marks.contains("remove-on-upgrade")
            )
        }
    }

    /// As Debian's policy has it, section 5.6.1.
    package static func isName(_ text: String) -> Bool {
        guard text.utf8.count >= 2, let first = text.utf8.first else { return false }
        let isFirst = (97...122).contains(first) || (48...57).contains(first)
        return isFirst
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == 43 || $0 == 45 || $0 == 46
            }
    }
}

/// apt's `extended_states`: what came in as somebody's dependency.
package enum ExtendedStatesReader {
    /// Names of packages that are marked as installed automatically.
    package static func read(_ bytes: [UInt8]) -> Set<String> {
        var names: Set<String> = []
        ControlFields.forEach(in: bytes, ["package", "auto-installed"]) { paragraph in
            guard let name = paragraph["package"], paragraph["auto-installed"] == "1" else { return }
            names.insert(name)
        }
        return names
    }
}
