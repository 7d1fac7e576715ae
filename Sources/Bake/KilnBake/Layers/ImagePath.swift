/// Paths as definitions and packages write them, made those of entries (`EntryPath`): without a leading `/`.
enum ImagePath {
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

    private static let slash = UInt8(ascii: "/")
}
