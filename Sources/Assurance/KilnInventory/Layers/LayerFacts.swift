/// What one layer says by itself, whatever lies below or above it.
struct LayerFacts: Sendable, Hashable {
    /// Bytes of what files of one layer tell, and of what all layers of an image hold together.
    static let longest = 96 << 20
    static let longestOfAll = 384 << 20

    var records: [FileRecord] = []
    var paths = PathList()
    /// What of the layers below is gone.
    var removed: [String] = []
    /// Folders in which nothing of the layers below shows.
    var opaque: [String] = []

    /// Bytes that it takes, about; paths as they are written out.
    var weight: Int {
        records.reduce(paths.bytes.count + paths.plainSize) { $0 + $1.weight }
            + (removed + opaque).reduce(0) { $0 + $1.utf8.count + MemoryLayout<String>.stride }
    }
}
