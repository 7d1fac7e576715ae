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

    mutating func add(_ found: FoundPackage, at path: String, in layer: Int?, owner: String?) {
        let place = found.inside.isEmpty ? path : path + ":" + found.inside
        let evidence = InventoryEntry.Evidence(path: place, layer: layer)
        let owner = found.kind.isDistribution ? nil : owner
        // Names that the ecosystem takes for one are one.
        let key = Key(
            kind: found.kind,
            name: ecosystem(of: found.kind).normalized(found.name),
            version: found.version,
            architecture: found.architecture
        )
        if var known = entries[key] {
            known.evidence.append(evidence)
            known.licences += found.licences
            known.layer = [known.layer, layer].compactMap(\.self).min()
            // One copy that the distribution does not own is enough to be judged by itself.
            if owner == nil || known.owner == nil {
                (known.owner, known.otherOwners) = (nil, [])
            } else if let owner, let first = known.owner {
                // Whatever order their files came in.
                let owners = Set(known.otherOwners).union([first, owner]).sorted()
                (known.owner, known.otherOwners) = (owners.first, Array(owners.dropFirst()))
            }
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
            owner: owner,
            packageURL: PackageURL(of: package, kind: found.kind, found.architecture, distribution)
        )
    }

    func entries(licences: [String: [String]]) -> [InventoryEntry] {
        entries.values.map { entry in
            var entry = entry
            if entry.kind == .deb { entry.licences += licences[entry.package.name] ?? [] }
            entry.licences = Set(entry.licences).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            entry.evidence.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
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

extension PackageURL {
    /// With what its type adds: architecture, distribution, source (purl-spec, `deb`, `apk`, `rpm`).
    init(
        of package: InventoryPackage,
        kind: PackageKind,
        _ architecture: String?,
        _ distribution: Distribution?
    ) {
        guard kind.isDistribution else {
            self = package.packageURL
            return
        }
        var qualifiers: [String: String] = [:]
        var version = package.version
        qualifiers["arch"] = architecture
        if kind == .rpm, let colon = version.firstIndex(of: ":") {
            qualifiers["epoch"] = String(version[..<colon])
            version = String(version[version.index(after: colon)...])
        }
        if let distribution {
            let parts = [distribution.id, distribution.version].filter { !$0.isEmpty }
            qualifiers["distro"] = parts.joined(separator: "-")
        }
        qualifiers["upstream"] = Self.upstream(package, kind)
        self.init(
            type: kind.rawValue,
            namespace: distribution?.id ?? "",
            name: package.name,
            version: version,
            qualifiers: qualifiers
        )
    }

    /// The source as its ecosystem names it; nil where that says nothing new.
    private static func upstream(_ package: InventoryPackage, _ kind: PackageKind) -> String? {
        let source = package.source ?? package.name
        if kind == .rpm {
            let version = package.sourceVersion ?? package.version
            return "\(source)-\(version.split(separator: ":").last ?? "").src.rpm"
        }
        guard package.source != nil || package.sourceVersion != nil else { return nil }
        return source + (package.sourceVersion.map { "@" + $0 } ?? "")
    }
}
