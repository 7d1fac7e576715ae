/// A path as a key: its bytes. `String` takes two spellings of `é` for one, file systems don't.
struct PathKey: Sendable, Hashable, ExpressibleByStringLiteral {
    private let bytes: [UInt8]

    init(_ path: String) {
        bytes = Array(path.utf8)
    }

    init(stringLiteral path: String) {
        self.init(path)
    }
}
