/// Paths as archives have them: relative, `/` between names, compared byte for byte (unlike `String`, which takes two spellings of `é` for one).
package enum EntryPath {
    /// Whether the path is one that `TarEntry.path` may have.
    package static func isValid(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { bytes in
            // Of the name under way; one that is nothing but dots, and two at most, is `.`, `..` or empty.
            var length = 0
            var dots = 0
            for byte in bytes {
                switch byte {
                case 0: return false
                case slash:
                    if length == dots, length <= 2 { return false }
                    length = 0
                    dots = 0
                default:
                    if byte == UInt8(ascii: "."), dots == length { dots += 1 }
                    length += 1
                }
            }
            return bytes.isEmpty || length != dots || length > 2
        }
    }

    /// Takes `./a//b/` for `a/b`; nil for absolute names, `..` and zero bytes.
    package static func normalized(_ path: String) -> String? {
        if isValid(path) { return path }
        guard path.utf8.first != slash, !path.utf8.contains(0) else { return nil }
        let names = path.utf8.split(separator: slash).filter { !$0.elementsEqual(dot) }
        guard !names.contains(where: { $0.elementsEqual(dotDot) }) else { return nil }
        return names.map { String(Substring($0)) }.joined(separator: "/")
    }

    /// The order of a walk that visits each folder's names sorted by their bytes: a folder, then all below it.
    package static func precedes(_ left: String, _ right: String) -> Bool {
        order(left, right) < 0
    }

    /// Byte for byte.
    package static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && order(left, right) == 0
    }

    /// Whether the path is the ancestor itself or lies below it.
    package static func isAt(_ path: String, orBelow ancestor: String) -> Bool {
        if ancestor.isEmpty { return true }
        let count = ancestor.utf8.count
        guard path.utf8.count >= count, path.utf8.starts(with: ancestor.utf8) else { return false }
        return path.utf8.count == count
            || path.utf8[path.utf8.index(path.utf8.startIndex, offsetBy: count)] == slash
    }

    /// The folder that the path is in, empty for the root, and its last name.
    package static func split(_ path: String) -> (parent: String, name: String) {
        guard let last = path.utf8.lastIndex(of: slash) else { return ("", path) }
        return (String(path[..<last]), String(path[path.utf8.index(after: last)...]))
    }

    /// A name in a folder, which may be the root.
    package static func join(_ parent: String, _ name: String) -> String {
        parent.isEmpty ? name : parent + "/" + name
    }

    /// The names from the root on; what is empty between slashes does not count.
    package static func components(_ path: String) -> [String] {
        path.utf8.split(separator: slash).map { String(Substring($0)) }
    }

    /// Below zero, zero or above zero, as memcmp(3), with `/` before every other byte.
    private static func order(_ left: String, _ right: String) -> Int {
        var left = left
        var right = right
        return left.withUTF8 { left in
            right.withUTF8 { right in
                var index = 0
                let common = min(left.count, right.count)
                while index < common, left[index] == right[index] { index += 1 }
                guard index < common else { return left.count - right.count }
                return rank(left[index]) - rank(right[index])
            }
        }
    }

    private static func rank(_ byte: UInt8) -> Int { byte == slash ? 0 : Int(byte) }

    private static let slash = UInt8(ascii: "/")
    private static let dot = ".".utf8
    private static let dotDot = "..".utf8
}
