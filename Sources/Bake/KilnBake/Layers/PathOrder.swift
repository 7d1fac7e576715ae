/// Paths inside an image: without a leading `/`, and in the order that a layer's tar has them.
enum PathOrder {
    /// A folder, then all below it, then its next sibling; names by their bytes.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8) { rank($0) < rank($1) }
    }

    /// `a/b` for `/a//b/.`. Targets with `..` never get here: the definition refuses them.
    static func normalized(_ path: String) -> String {
        path.utf8.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }
            .map { String(Substring($0)) }.joined(separator: "/")
    }

    /// The folder and the last name, both normalized; an empty name for the root.
    static func split(_ path: String) -> (parent: String, name: String) {
        let path = normalized(path)
        guard let last = path.utf8.lastIndex(of: slash) else { return ("", path) }
        return (String(path[..<last]), String(path[path.utf8.index(after: last)...]))
    }

    private static func rank(_ byte: UInt8) -> Int { byte == slash ? 0 : Int(byte) }

    private static let slash = UInt8(ascii: "/")
}
