/// Where a package's name and version mean something, as OSV spells it: `PyPI`, `Debian:12`, `Alpine:v3.20`.
package struct Ecosystem: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// `Debian` of `Debian:12`.
    package var family: String { String(description.prefix { $0 != ":" }) }
    /// `12` of `Debian:12`; nil for ecosystems without releases.
    package var release: String? {
        guard let colon = description.firstIndex(of: ":") else { return nil }
        return String(description[description.index(after: colon)...])
    }

    /// How its versions are ordered; nil for an ecosystem whose order is not known here.
    package var scheme: VersionScheme? {
        switch family {
        case "Debian", "Ubuntu", "Echo": .debian
        case "PyPI": .python
        case "Maven": .maven
        case "npm": .npm
        case "Go": .go
        case "RubyGems": .rubyGems
        case "Alpine", "Wolfi", "Chainguard", "Alpaquita", "MinimOS": .alpine
        case "Red Hat", "Rocky Linux", "AlmaLinux", "SUSE", "openSUSE", "openEuler", "Mageia", "Photon OS",
            "Azure Linux":
            .rpm
        case "crates.io", "Hex", "Pub", "SwiftURL", "NuGet", "GitHub Actions", "Bitnami": .semantic
        default: nil
        }
    }

    /// The name under which the ecosystem itself keeps a package: PyPI's does not tell case and separators apart (PEP 503).
    package func normalized(_ name: String) -> String {
        guard family == "PyPI" else { return name }
        var result = ""
        for character in name.lowercased() {
            let isSeparator = "-_.".contains(character)
            if !isSeparator { result.append(character) } else if result.last != "-" { result.append("-") }
        }
        return result
    }

    package static func < (left: Ecosystem, right: Ecosystem) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}

/// Debian's releases: code names as the security tracker has them, numbers as OSV has them.
package struct DebianRelease: Sendable, Hashable {
    package let codename: String
    package let number: String
    /// The last day with security support of any kind (LTS); nil while it is not set.
    package let endOfLife: CalendarDate?

    package var ecosystem: Ecosystem { Ecosystem("Debian:\(number)") }

    package static let known: [DebianRelease] = [
        .init(codename: "jessie", number: "8", endOfLife: .init(year: 2020, month: 6, day: 30)),
        .init(codename: "stretch", number: "9", endOfLife: .init(year: 2022, month: 6, day: 30)),
        .init(codename: "buster", number: "10", endOfLife: .init(year: 2024, month: 6, day: 30)),
        .init(codename: "bullseye", number: "11", endOfLife: .init(year: 2026, month: 8, day: 14)),
        .init(codename: "bookworm", number: "12", endOfLife: .init(year: 2028, month: 6, day: 10)),
        .init(codename: "trixie", number: "13", endOfLife: nil),
        .init(codename: "forky", number: "14", endOfLife: nil),
    ]

    package static func named(_ codename: String) -> DebianRelease? {
        known.first { $0.codename == codename }
    }

    /// Whether nobody mends it any more.
    package func isEnded(on today: CalendarDate) -> Bool {
        endOfLife.map { today > $0 } ?? false
    }
}
