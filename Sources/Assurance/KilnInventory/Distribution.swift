package import KilnAdvisories

/// Which distribution a root is of (os-release(5)).
package struct Distribution: Sendable, Hashable {
    /// `debian`, `alpine`, `rocky`.
    package var id: String
    /// `12`, `3.20.3`; empty for a rolling one.
    package var version: String
    package var codename: String?
    package var name: String?

    package init(id: String, version: String, codename: String? = nil, name: String? = nil) {
        self.id = id
        self.version = version
        self.codename = codename
        self.name = name
    }

    /// The last day with security support; nil where it is not known.
    package var endOfLife: CalendarDate? {
        guard id == "debian" else { return nil }
        return DebianRelease.known.first { $0.number == majorVersion || $0.codename == codename }?.endOfLife
    }

    /// What OSV calls the packages of its own database.
    package var ecosystem: Ecosystem {
        switch id {
        case "debian": Ecosystem(release("Debian", debianNumber))
        case "ubuntu": Ecosystem(release("Ubuntu", version))
        case "alpine": Ecosystem(release("Alpine", alpineBranch))
        case "wolfi": Ecosystem("Wolfi")
        case "chainguard": Ecosystem("Chainguard")
        case "rocky": Ecosystem(release("Rocky Linux", majorVersion))
        case "almalinux": Ecosystem(release("AlmaLinux", majorVersion))
        case "rhel": Ecosystem(release("Red Hat", majorVersion))
        case "opensuse-leap": Ecosystem(release("openSUSE", "Leap " + version))
        case "opensuse-tumbleweed": Ecosystem("openSUSE:Tumbleweed")
        case "sles": Ecosystem(release("SUSE", version))
        case "openEuler": Ecosystem(release("openEuler", version))
        case "mageia": Ecosystem(release("Mageia", majorVersion))
        case "photon": Ecosystem(release("Photon OS", version))
        case "azurelinux": Ecosystem(release("Azure Linux", version))
        default: Ecosystem(release(id, version))
        }
    }

    private var majorVersion: String { String(version.prefix { $0 != "." }) }

    /// A root of testing has no number, and the name of what it will become.
    private var debianNumber: String {
        version.isEmpty ? codename.flatMap { DebianRelease.named($0)?.number } ?? "" : majorVersion
    }

    private var alpineBranch: String {
        let parts = version.split(separator: ".")
        return parts.count >= 2 && !version.contains("_") ? "v\(parts[0]).\(parts[1])" : "edge"
    }

    private func release(_ family: String, _ version: String) -> String {
        version.isEmpty ? family : "\(family):\(version)"
    }
}
