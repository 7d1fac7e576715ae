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
    private var owned: Owned

    init(layers: [LayerFacts], isImage: Bool) {
        self.layers = layers
        self.isImage = isImage
        var shadow = Shadow()
        owned = Owned(shadow)
        // Twice from above: what is owned must be known before it is told what is not.
        for layer in layers.indices.reversed() {
            for (record, fact) in layers[layer].records.enumerated() where !shadow.hides(fact.path) {
                visible.append(Place(layer: layer, record: record))
                owned.add(fact.fact)
            }
            if layer > 0 { shadow.add(layers[layer]) }
        }
        visible.reverse()
    }

    private var unowned: [UnownedFile] {
        var shadow = Shadow()
        var files: [UnownedFile] = []
        for layer in layers.indices.reversed() {
            layers[layer].paths.walk { path, kind, size in
                guard kind == .file, !owned.contains(path), !shadow.hides(path, isDirectory: false) else {
                    return
                }
                let text = String(decoding: path, as: UTF8.self)
                files.append(UnownedFile(path: text, size: size, layer: isImage ? layer : nil))
            }
            if layer > 0 { shadow.add(layers[layer]) }
        }
        // A tar may have a path twice.
        var seen: Set<String> = []
        return files.filter { seen.insert($0.path).inserted }
            .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    func inventory(of subject: String, files: Bool = true) -> Inventory {
        let distribution = distribution
        var drafts = Drafts(distribution: distribution)
        let lower = lowerRecords()
        let installed = installed
        for place in visible {
            guard case .packages(let packages) = fact(place), !packages.isEmpty else { continue }
            let path = record(place).path
            let since = isImage ? since(packages, place, lower[path] ?? []) : [:]
            // A list of files without its package owns nothing.
            let owner = owned.package(of: path).flatMap { installed.contains($0) ? $0 : nil }
            for package in packages {
                drafts.add(package, at: path, in: isImage ? since[package] ?? place.layer : nil, owner: owner)
            }
        }
        return Inventory(
            subject: subject,
            distribution: distribution,
            layers: [],
            entries: drafts.entries(licences: licences),
            unowned: files ? unowned : [],
            notes: notes
        )
    }

    private func record(_ place: Place) -> FileRecord { layers[place.layer].records[place.record] }
    private func fact(_ place: Place) -> FileRecord.Fact { record(place).fact }

    /// The distribution's packages.
    private var installed: Set<String> {
        var names: Set<String> = []
        for place in visible {
            guard case .packages(let packages) = fact(place) else { continue }
            for package in packages where package.kind.isDistribution { names.insert(package.name) }
        }
        return names
    }

    /// Of each path that tells of packages in more than one layer, where, the highest first.
    private func lowerRecords() -> [String: [Place]] {
        var found: [String: [Place]] = [:]
        for layer in layers.indices.reversed() {
            for (number, record) in layers[layer].records.enumerated() {
                guard case .packages(let packages) = record.fact, !packages.isEmpty else { continue }
                found[record.path, default: []].append(Place(layer: layer, record: number))
            }
        }
        return found.filter { $0.value.count > 1 }
    }

    /// The lowest layer from which on the file says so of each package, without a gap.
    private func since(
        _ packages: [FoundPackage],
        _ top: Place,
        _ chain: [Place]
    ) -> [FoundPackage: Int] {
        var since: [FoundPackage: Int] = [:]
        var rest = Set(packages)
        for place in chain where place.layer < top.layer && !rest.isEmpty {
            guard case .packages(let packages) = fact(place) else { continue }
            rest.formIntersection(packages)
            for package in rest { since[package] = place.layer }
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
        let unread = visible.compactMap { place -> InventoryNote? in
            guard case .unreadable(let why) = fact(place) else { return nil }
            return InventoryNote(path: record(place).path, layer: isImage ? place.layer : nil, text: why)
        }
        let cut = layers.enumerated().compactMap { layer, facts -> InventoryNote? in
            guard facts.paths.dropped > 0 else { return nil }
            return InventoryNote(
                path: "",
                layer: isImage ? layer : nil,
                text:
                    "\(facts.paths.dropped) files more than are kept: which of them no package owns is not known"
            )
        }
        return unread + cut
    }
}
