import KilnAdvisories

/// Puts together what the layers say, as their stack shows it: the highest file of a path counts, whiteouts remove.
struct InventoryBuilder {
    private struct Place: Hashable {
        let layer: Int
        let record: Int
    }

    private let layers: [LayerFacts]
    private let isImage: Bool
    /// The records that show, the lowest layer first.
    private var visible: [Place] = []
    private var unowned: [UnownedFile] = []

    init(layers: [LayerFacts], isImage: Bool) {
        self.layers = layers
        self.isImage = isImage
        var shadow = Shadow()
        var files: [UnownedFile] = []
        let owned = Owned(layers, shadow)
        for layer in layers.indices.reversed() {
            for (record, fact) in layers[layer].records.enumerated() where !shadow.hides(fact.path) {
                visible.append(Place(layer: layer, record: record))
            }
            let above = shadow
            layers[layer].paths.walk { path, kind, size in
                guard kind == .file, !above.hides(path, isDirectory: false),
                    !owned.contains(above.hash(path), path)
                else { return }
                let text = String(decoding: path, as: UTF8.self)
                files.append(UnownedFile(path: text, size: size, layer: isImage ? layer : nil))
            }
            shadow.add(layers[layer])
        }
        visible.reverse()
        unowned = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    func inventory(of subject: String) -> Inventory {
        let distribution = distribution
        var drafts = Drafts(distribution: distribution)
        for place in visible {
            if case .packages(let packages) = fact(place) {
                let path = record(place).path
                for package in packages {
                    drafts.add(package, at: path, in: isImage ? since(package, path, place.layer) : nil)
                }
            }
        }
        return Inventory(
            subject: subject,
            distribution: distribution,
            layers: [],
            entries: drafts.entries(licences: licences),
            unowned: unowned,
            notes: notes
        )
    }

    private func record(_ place: Place) -> FileRecord { layers[place.layer].records[place.record] }
    private func fact(_ place: Place) -> FileRecord.Fact { record(place).fact }

    /// The lowest layer from which on the file says so of the package, without a gap.
    private func since(_ package: FoundPackage, _ path: String, _ top: Int) -> Int {
        var since = top
        for layer in layers[..<top].indices.reversed() {
            guard let record = layers[layer].records.last(where: { $0.path == path }) else { continue }
            guard case .packages(let packages) = record.fact, packages.contains(package) else { break }
            since = layer
        }
        return since
    }

    /// `/etc/os-release` is the one to go by, where it is a file of its own (os-release(5)).
    private var distribution: Distribution? {
        var found: Distribution?
        for place in visible {
            guard case .distribution(let distribution) = fact(place) else { continue }
            if found == nil || record(place).path.hasPrefix("etc/") { found = distribution }
        }
        return found
    }

    private var licences: [String: [String]] {
        var found: [String: [String]] = [:]
        for place in visible {
            if case .licences(let package, let names) = fact(place) { found[package] = names }
        }
        return found
    }

    private var notes: [InventoryNote] {
        visible.compactMap { place in
            guard case .unreadable(let why) = fact(place) else { return nil }
            return InventoryNote(path: record(place).path, layer: isImage ? place.layer : nil, text: why)
        }
    }
}

/// The paths that packages own.
private struct Owned {
    private var paths: Set<UInt64> = []

    init(_ layers: [LayerFacts], _ hashes: Shadow) {
        for layer in layers {
            for record in layer.records {
                guard case .files(_, let files) = record.fact else { continue }
                for file in files { paths.insert(hashes.hash(file)) }
            }
        }
    }

    func contains(_ hash: UInt64, _ path: UnsafeBufferPointer<UInt8>) -> Bool {
        paths.contains(hash)
    }
}
