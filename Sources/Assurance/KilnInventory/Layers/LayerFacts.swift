/// What one layer says by itself, whatever lies below or above it.
struct LayerFacts: Sendable, Hashable {
    var records: [FileRecord] = []
    var paths = PathList()
    /// What of the layers below is gone.
    var removed: [String] = []
    /// Folders in which nothing of the layers below shows.
    var opaque: [String] = []
}
