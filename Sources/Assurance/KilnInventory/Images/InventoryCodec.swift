import KilnAdvisories
import KilnOCI

/// The bytes of an image's inventory, the same for the same one. The packages come first, and what could not be
/// read, for who asks for nothing else.
extension Inventory {
    func encode() -> [UInt8] {
        var out = FactsWriter()
        let judged = judged
        var places: [InventoryPackage: Int] = [:]
        var packages: [InventoryPackage] = []
        for package in entries.map(\.package) where places[package] == nil {
            places[package] = packages.count
            packages.append(package)
        }
        out.packages(packages, places, judged)
        out.notes(notes)
        out.text(platform?.os)
        out.text(platform?.architecture)
        out.text(platform?.variant)
        out.number(created == nil ? 0 : 1)
        if let created { out.number(UInt64(bitPattern: created.seconds)) }
        out.number(distribution == nil ? 0 : 1)
        if let distribution { out.distribution(distribution) }
        out.number(UInt64(layers.count))
        for layer in layers {
            out.text(layer.diffID.hex)
            out.text(layer.createdBy)
        }
        out.number(UInt64(entries.count))
        for entry in entries { out.entry(entry, package: places[entry.package] ?? 0) }
        return out.bytes
    }

    /// nil for bytes that are not whole.
    init?(parsing bytes: ArraySlice<UInt8>, subject: String, digest: Digest) {
        var reader = FactsReader(cursor: VarintCursor(bytes))
        guard let packages = reader.packages(), let notes = reader.notes(), let platform = reader.platform(),
            let created = reader.optional({
                $0.cursor.varint().map { Moment(seconds: Int64(bitPattern: $0)) }
            }),
            let distribution = reader.optional({ $0.distribution() }), let layers = reader.layers()
        else { return nil }
        self.init(
            subject: subject,
            digest: digest,
            platform: platform,
            created: created,
            distribution: distribution,
            layers: layers,
            entries: [],
            unowned: [],
            notes: notes
        )
        guard let count = reader.count() else { return nil }
        for _ in 0..<count {
            guard let entry = reader.entry(packages.packages, distribution) else { return nil }
            entries.append(entry)
        }
        guard reader.cursor.isAtEnd else { return nil }
    }
}

extension FactsWriter {
    /// Each with how it is judged: 0 not at all, 1 in any case, else 1 more than those that brought it, whose places follow.
    fileprivate mutating func packages(
        _ packages: [InventoryPackage],
        _ numbers: [InventoryPackage: Int],
        _ judged: JudgedPackages
    ) {
        let always = Set(judged.packages)
        let owners = Dictionary(grouping: judged.brought, by: \.package).mapValues { brought in
            brought.compactMap { numbers[$0.owner] }
        }
        let ecosystems = Set(packages.map(\.ecosystem)).sorted()
        texts(ecosystems.map(\.description))
        let places = Dictionary(uniqueKeysWithValues: ecosystems.enumerated().map { ($1, $0) })
        number(UInt64(packages.count))
        for package in packages {
            let own = owners[package] ?? []
            number(always.contains(package) ? 1 : own.isEmpty ? 0 : UInt64(own.count) + 1)
            for place in own { number(UInt64(place)) }
            number(UInt64(places[package.ecosystem] ?? 0))
            text(package.name)
            text(package.version)
            text(package.source)
            text(package.sourceVersion)
        }
    }

    fileprivate mutating func notes(_ notes: [InventoryNote]) {
        number(UInt64(notes.count))
        for note in notes {
            text(note.path)
            place(note.layer)
            text(note.text)
        }
    }

    fileprivate mutating func entry(_ entry: InventoryEntry, package: Int) {
        text(entry.kind.rawValue)
        number(UInt64(package))
        text(entry.architecture)
        texts(entry.licences)
        place(entry.layer)
        number(UInt64(entry.evidence.count))
        for evidence in entry.evidence {
            text(evidence.path)
            place(evidence.layer)
        }
        text(entry.owner)
        texts(entry.otherOwners)
    }

    fileprivate mutating func place(_ layer: Int?) { number(layer.map { UInt64($0) + 1 } ?? 0) }
}

/// The packages of an inventory as its bytes have them.
struct KeptPackages {
    fileprivate(set) var packages: [InventoryPackage] = []
    /// Of each the places of those that brought it; nil for what is judged in any case.
    fileprivate var owners: [[Int]?] = []

    /// nil where a number has no package.
    func judged(_ notes: [InventoryNote]) -> JudgedPackages? {
        var judged = JudgedPackages(packages: [], notes: notes)
        judged.packages.reserveCapacity(packages.count)
        for (package, owners) in zip(packages, owners) {
            guard let owners else {
                judged.packages.append(package)
                continue
            }
            for owner in owners {
                guard packages.indices.contains(owner) else { return nil }
                judged.brought.append(BroughtPackage(package, owner: packages[owner]))
            }
        }
        return judged
    }
}

extension FactsReader {
    mutating func packages() -> KeptPackages? {
        guard let ecosystems = texts()?.map({ Ecosystem($0) }), let count = count(),
            count <= cursor.rest.count
        else { return nil }
        var found = KeptPackages()
        found.packages.reserveCapacity(count)
        found.owners.reserveCapacity(count)
        for _ in 0..<count {
            guard let way = self.count(), way <= cursor.rest.count else { return nil }
            var owners: [Int]? = way == 1 ? nil : []
            for _ in 0..<max(0, way - 1) {
                guard let owner = self.count() else { return nil }
                owners?.append(owner)
            }
            guard let place = self.count(),
                ecosystems.indices.contains(place), let name = text(), let version = text(),
                let source = optionalText(), let sourceVersion = optionalText()
            else { return nil }
            let package = InventoryPackage(
                ecosystems[place],
                name,
                version,
                source: source,
                sourceVersion: sourceVersion
            )
            found.packages.append(package)
            found.owners.append(owners)
        }
        return found
    }

    mutating func notes() -> [InventoryNote]? {
        guard let count = count(), count <= cursor.rest.count else { return nil }
        var notes: [InventoryNote] = []
        for _ in 0..<count {
            guard let path = text(), let layer = place(), let text = text() else { return nil }
            notes.append(InventoryNote(path: path, layer: layer, text: text))
        }
        return notes
    }

    fileprivate mutating func platform() -> ImagePlatform?? {
        guard let os = optionalText(), let architecture = optionalText(), let variant = optionalText() else {
            return nil
        }
        guard let os, let architecture else { return .some(nil) }
        return ImagePlatform(architecture: architecture, os: os, variant: variant)
    }

    fileprivate mutating func layers() -> [InventoryLayer]? {
        guard let count = count(), count <= cursor.rest.count else { return nil }
        var layers: [InventoryLayer] = []
        for index in 0..<count {
            guard let hex = text(), let diffID = try? DiffID(parsingHex: hex), let createdBy = optionalText()
            else { return nil }
            layers.append(InventoryLayer(index: index, diffID: diffID, createdBy: createdBy))
        }
        return layers
    }

    fileprivate mutating func entry(
        _ packages: [InventoryPackage],
        _ distribution: Distribution?
    ) -> InventoryEntry? {
        guard let kind = text().flatMap(PackageKind.init(rawValue:)), let number = count(),
            packages.indices.contains(number), let architecture = optionalText(), let licences = texts(),
            let layer = place(), let files = count(), files <= cursor.rest.count
        else { return nil }
        var evidence: [InventoryEntry.Evidence] = []
        for _ in 0..<files {
            guard let path = text(), let layer = place() else { return nil }
            evidence.append(InventoryEntry.Evidence(path: path, layer: layer))
        }
        guard let owner = optionalText(), let otherOwners = texts() else { return nil }
        let package = packages[number]
        return InventoryEntry(
            kind: kind,
            package: package,
            architecture: architecture,
            licences: licences,
            layer: layer,
            evidence: evidence,
            owner: owner,
            otherOwners: otherOwners,
            packageURL: PackageURL(of: package, kind: kind, architecture, distribution)
        )
    }

    /// nil for bytes that are not whole, a layer of nil where there is none.
    fileprivate mutating func place() -> Int?? {
        guard let value = count() else { return nil }
        if value == 0 { return .some(nil) }
        return value - 1
    }

    fileprivate mutating func optional<Value>(_ read: (inout FactsReader) -> Value?) -> Value?? {
        switch cursor.varint() {
        case 0: return .some(nil)
        case 1: return read(&self).map(Optional.some)
        default: return nil
        }
    }
}
