/// What layers hide of those below them.
///
/// Paths are kept as hashes: a polynomial over a random point of a prime field, so that nobody who writes an image can choose
/// two paths that meet.
struct Shadow {
    private static let prime: UInt64 = (1 << 61) - 1
    private static let slash = UInt8(ascii: "/")

    private let point = UInt64.random(in: 1 << 32..<(1 << 61) - 1)
    /// What is no folder, or is gone: nothing shows at these paths, nor below them.
    private var covered: Set<UInt64> = []
    private var folders: Set<UInt64> = []
    private var opaque: Set<UInt64> = []

    /// Counts a layer among those above.
    mutating func add(_ layer: LayerFacts) {
        layer.paths.walk { path, kind, _ in
            if kind == .directory { folders.insert(hash(path)) } else { covered.insert(hash(path)) }
        }
        for path in layer.removed { covered.insert(hash(path)) }
        for path in layer.opaque { opaque.insert(hash(path)) }
    }

    func hides(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { hides($0, isDirectory: false) }
    }

    func hides(_ path: UnsafeBufferPointer<UInt8>, isDirectory: Bool) -> Bool {
        if opaque.contains(0) { return true }
        var hash: UInt64 = 0
        for byte in path {
            if byte == Self.slash, covered.contains(hash) || opaque.contains(hash) { return true }
            hash = step(hash, byte)
        }
        return covered.contains(hash) || (!isDirectory && folders.contains(hash))
    }

    func hash(_ path: String) -> UInt64 {
        var path = path
        return path.withUTF8 { hash($0) }
    }

    func hash(_ path: UnsafeBufferPointer<UInt8>) -> UInt64 {
        path.reduce(0) { step($0, $1) }
    }

    func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        let product = hash.multipliedFullWidth(by: point)
        let sum = (product.low & Self.prime) + (product.low >> 61 | product.high << 3) + UInt64(byte) + 1
        return sum % Self.prime
    }
}
