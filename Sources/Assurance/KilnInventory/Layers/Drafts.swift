import KilnAdvisories

/// Entries under construction: what several files say of one package becomes one.
struct Drafts {
    private struct Key: Hashable {
        let kind: PackageKind
        let name: String
        let version: String
        let architecture: String?
    }

    private let distribution: Distribution?
    private var entries: [Key: InventoryEntry] = [:]

    init(distribution: Distribution?) {
        self.distribution = distribution
    }

    mutating func add(_ found: FoundPackage, at path: String, in layer: Int?) {
        let evidence = InventoryEntry.Evidence(path: path, layer: layer)
        let key = Key(
            kind: found.kind,
            name: found.name,
            version: found.version,
            architecture: found.architecture
        )
        if var known = entries[key] {
            known.evidence.append(evidence)
            known.licences += found.licences
            known.layer = [known.layer, layer].compactMap(\.self).min()
            entries[key] = known
            return
        }
        let package = InventoryPackage(
            ecosystem(of: found.kind),
            found.name,
            found.version,
            source: found.source,
            sourceVersion: found.sourceVersion
        )
        entries[key] = InventoryEntry(
            kind: found.kind,
            package: package,
            architecture: found.architecture,
            licences: found.licences,
            layer: layer,
            evidence: [evidence],
            owner: nil,
            packageURL: package.packageURL
        )
    }

    func entries(licences: [String: [String]]) -> [InventoryEntry] {
        entries.values.map { entry in
            var entry = entry
            if entry.kind == .deb { entry.licences += licences[entry.package.name] ?? [] }
            entry.licences = Set(entry.licences).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            return entry
        }
        .sorted { Self.precedes($0, $1) }
    }

    private static func precedes(_ left: InventoryEntry, _ right: InventoryEntry) -> Bool {
        if left.kind != right.kind { return left.kind < right.kind }
        let texts = [
            (left.package.name, right.package.name), (left.package.version, right.package.version),
            (left.architecture ?? "", right.architecture ?? ""),
        ]
        for (a, b) in texts where a != b { return a.utf8.lexicographicallyPrecedes(b.utf8) }
        return false
    }

    private func ecosystem(of kind: PackageKind) -> Ecosystem {
        switch kind {
        case .deb: distribution?.ecosystem ?? Ecosystem("Debian")
        case .apk: distribution?.ecosystem ?? Ecosystem("Alpine")
        case .rpm: distribution?.ecosystem ?? Ecosystem("rpm")
        case .python: Ecosystem("PyPI")
        case .npm: Ecosystem("npm")
        case .java: Ecosystem("Maven")
        case .go: Ecosystem("Go")
        case .cargo: Ecosystem("crates.io")
        case .gem: Ecosystem("RubyGems")
        case .swift: Ecosystem("SwiftURL")
        }
    }
}
