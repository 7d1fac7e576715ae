package import KilnArchive
import KilnDiagnostics
package import KilnOCI
package import KilnSystem
package import SystemPackage

/// What each known layer holds, kept beside the sealed layers.
package struct LayerIndexes: Sendable {
    /// More than the index of any layer within the limits on archives has, where each byte of a name may be written as four.
    private static let sizeLimit = 2 << 30

    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    package func path(for diffID: DiffID) -> FilePath {
        home.layers.appending(diffID.short + ".index")
    }

    package func save(_ index: LayerIndex, for diffID: DiffID) throws {
        try home.makePrivate(home.layers)
        let path = path(for: diffID)
        let bytes = Self.head(diffID) + index.encode()
        // What a crash or a bad disk made of it is written anew.
        if (try? Files.read(path, limit: bytes.count)) == bytes { return }
        try Files.write(bytes, to: path)
    }

    /// nil when the layer is not known here.
    package func load(_ diffID: DiffID) throws -> LayerIndex? {
        let path = path(for: diffID)
        guard Files.exists(path) else { return nil }
        let bytes = try Files.read(path, limit: Self.sizeLimit)
        let head = Self.head(diffID)
        guard bytes.starts(with: head) else { return nil }
        do {
            return try LayerIndex(parsing: Array(bytes.dropFirst(head.count)))
        } catch {
            throw StoreError(.unreadable(path, why: error.diagnostics.first?.message ?? ""))
        }
    }

    /// The tree that the layers make, the lowest first; nil when one of them is not known.
    package func root(of layers: [DiffID]) throws -> RootIndex? {
        var indexes: [LayerIndex] = []
        for layer in layers {
            guard let index = try load(layer) else { return nil }
            indexes.append(index)
        }
        return RootIndex.stacked(indexes)
    }

    /// The short name in the file's name is for people; the whole digest is inside.
    private static func head(_ diffID: DiffID) -> [UInt8] {
        Array("kiln-layer \(diffID)\n".utf8)
    }
}
