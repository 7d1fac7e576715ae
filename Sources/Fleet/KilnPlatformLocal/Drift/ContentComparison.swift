import Glibc
import KilnDrift
import KilnOCI
import KilnSystem

/// Reads a file of an instance's own layer beside the image's.
struct ContentComparison {
    struct Difference {
        let before: String
        let after: String
        /// nil unless both are text that is not long.
        let text: String?
    }

    private static let textLimit = 64 << 10
    private static let digestLimit = 8 << 20

    private let name: [CChar]
    private let upper: Int32
    private let sealed: Int32

    init(_ name: [CChar], upper: Int32, sealed: Int32) {
        self.name = name
        self.upper = upper
        self.sealed = sealed
    }

    /// nil when both are the same to the last byte.
    func difference() -> Difference? {
        let new = open(in: upper)
        let old = open(in: sealed)
        defer { for descriptor in [new, old] where descriptor >= 0 { close(descriptor) } }
        guard new >= 0, old >= 0 else {
            return Difference(before: "", after: "cannot be read", text: nil)
        }
        if isSame(old, new) { return nil }
        let (before, after) = (start(of: old), start(of: new))
        return Difference(before: words(before, old), after: words(after, new), text: text(before, after))
    }

    private func open(in folder: Int32) -> Int32 {
        openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    }

    private func isSame(_ old: Int32, _ new: Int32) -> Bool {
        guard size(of: old) == size(of: new) else { return false }
        var (left, right) = ([UInt8](repeating: 0, count: 1 << 16), [UInt8](repeating: 0, count: 1 << 16))
        var offset: off_t = 0
        while true {
            let count = pread(old, &left, left.count, offset)
            guard count >= 0, pread(new, &right, right.count, offset) == count else { return false }
            if count == 0 { return true }
            guard memcmp(left, right, count) == 0 else { return false }
            offset += off_t(count)
        }
    }

    private func size(of descriptor: Int32) -> Int64 {
        var facts = stat()
        return fstat(descriptor, &facts) == 0 ? Int64(facts.st_size) : -1
    }

    private func start(of descriptor: Int32) -> [UInt8] {
        let wanted = min(Int(max(0, size(of: descriptor))), Self.digestLimit)
        var bytes = [UInt8](repeating: 0, count: wanted)
        var count = 0
        while count < wanted {
            let more = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: count), wanted - count, off_t(count))
            }
            if more <= 0 { break }
            count += more
        }
        return Array(bytes[..<count])
    }

    private func words(_ bytes: [UInt8], _ descriptor: Int32) -> String {
        let size = size(of: descriptor)
        let digest = size == Int64(bytes.count) ? ", \(Digest(of: bytes))" : ""
        return "\(size) bytes\(digest)"
    }

    private func text(_ old: [UInt8], _ new: [UInt8]) -> String? {
        guard old.count <= Self.textLimit, new.count <= Self.textLimit, !old.contains(0), !new.contains(0),
            let before = String(validating: old, as: UTF8.self),
            let after = String(validating: new, as: UTF8.self)
        else { return nil }
        return TextDifference.lines(from: before, to: after)
    }
}
