package import KilnAdvisories
package import KilnOCI

/// What an image or a tree of files holds: packages, where each came in, and what no package owns.
package struct Inventory: Sendable, Hashable {
    /// The image or folder, as the user said it.
    package var subject: String
    /// Of the image's manifest; nil for a folder.
    package var digest: Digest?
    package var platform: ImagePlatform?
    /// When the image says that it was made: its own epoch, never the clock's.
    package var created: Moment?
    /// By its `os-release`; nil where there is none.
    package var distribution: Distribution?
    /// The lowest first; none for a folder.
    package var layers: [InventoryLayer]
    /// By kind, name, version and architecture.
    package var entries: [InventoryEntry]
    /// By path.
    package var unowned: [UnownedFile]
    /// What was there and could not be read, so that nothing is passed over in silence.
    package var notes: [InventoryNote]

    /// What advisories are matched against.
    package var packages: [InventoryPackage] { entries.map(\.package) }

    /// What advisories are held against in any case, each once.
    package var judgedPackages: [InventoryPackage] {
        var seen: Set<InventoryPackage> = []
        return entries.filter { $0.kind.isDistribution || $0.owner == nil }.map(\.package).filter {
            seen.insert($0).inserted
        }
    }

    /// What the distribution's packages brought, once for each of them.
    var brought: [BroughtPackage] {
        var seen = Set(judgedPackages)
        let owners = Dictionary(
            entries.filter(\.kind.isDistribution).map { ($0.package.name, $0.package) }
        ) { first, _ in first }
        return entries.flatMap { entry -> [BroughtPackage] in
            guard let owner = entry.owner, seen.insert(entry.package).inserted else { return [] }
            return ([owner] + entry.otherOwners).compactMap { owners[$0] }.map {
                BroughtPackage(entry.package, owner: $0)
            }
        }
    }

    package var judged: JudgedPackages {
        JudgedPackages(packages: judgedPackages, brought: brought, notes: notes)
    }

    /// The entries that have this name and version, such as those of a finding: one for each architecture.
    package func entries(of package: InventoryPackage) -> [InventoryEntry] {
        entries.filter { $0.package == package }
    }

    /// The layer that brought an entry in; nil for a folder.
    package func layer(of entry: InventoryEntry) -> InventoryLayer? {
        guard let place = entry.layer, layers.indices.contains(place) else { return nil }
        return layers[place]
    }
}

/// What of an image is held against advisories, and what could not be: an answer about it says both.
package struct JudgedPackages: Sendable, Hashable {
    package var packages: [InventoryPackage]
    /// What is held against them only where the distribution's advisories say nothing of the package that brought it.
    package var brought: [BroughtPackage]
    package var notes: [InventoryNote]

    package init(packages: [InventoryPackage], brought: [BroughtPackage] = [], notes: [InventoryNote]) {
        self.packages = packages
        self.brought = brought
        self.notes = notes
    }

    /// All that is held against this judge's database.
    package func packages(by judge: inout BroughtJudge) throws(DatabaseError) -> [InventoryPackage] {
        try packages + judge.judged(brought)
    }
}

package struct InventoryLayer: Sendable, Hashable {
    /// From 0, the lowest.
    package var index: Int
    package var diffID: DiffID
    /// What the image's own history says of its making: a step, a line of a definition; nil where it says nothing.
    package var createdBy: String?

    package init(index: Int, diffID: DiffID, createdBy: String?) {
        self.index = index
        self.diffID = diffID
        self.createdBy = createdBy
    }
}

/// A file that shows in the image and that no package says it owns.
package struct UnownedFile: Sendable, Hashable {
    package var path: String
    package var size: Int64
    /// Index of the layer that it is from; nil for a folder.
    package var layer: Int?

    package init(path: String, size: Int64, layer: Int?) {
        self.path = path
        self.size = size
        self.layer = layer
    }
}

/// Something that was found and could not be read.
package struct InventoryNote: Sendable, Hashable {
    package var path: String
    package var layer: Int?
    package var text: String

    package init(path: String, layer: Int?, text: String) {
        self.path = path
        self.layer = layer
        self.text = text
    }
}
