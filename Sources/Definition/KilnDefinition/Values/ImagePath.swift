/// Absolute paths inside an image, in the one spelling that needs no thought: no `.`, `..`, `//` or `/` at the end.
package enum ImagePath {
    static let pattern = "^/([^/].*)?$"

    package static func parse(_ text: String) throws(ValueError) -> String {
        func refusal(_ why: String, _ hint: String) -> ValueError {
            ValueError("bad-path", "\"\(text)\" \(why)", hint: hint)
        }
        guard text.utf8.first == 47 else {
            throw refusal("is no absolute path", "paths inside an image start with /")
        }
        guard text != "/" else { return text }
        guard !text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }),
            text.utf8.count < 4096
        else {
            throw refusal("is no path", "paths have no control characters and fewer than 4096 bytes")
        }
        let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        if parts.contains("..") { throw refusal("has .. in it", "write the path that it leads to") }
        let clean = "/" + parts.filter { !$0.isEmpty && $0 != "." }.joined(separator: "/")
        guard clean == text else { throw refusal("is not in its simplest form", "write \(clean)") }
        return text
    }

    /// Whether `path` is `above` or lies below it.
    package static func isAtOrBelow(_ path: String, _ above: String) -> Bool {
        path == above || above == "/" || path.hasPrefix(above + "/")
    }

    /// The path and the folders above it, the nearest first, `/` last.
    static func upwards(from path: String) -> [String] {
        var paths: [String] = []
        var rest = path[...]
        while let slash = rest.lastIndex(of: "/"), !rest.isEmpty, rest != "/" {
            paths.append(String(rest))
            rest = rest[..<slash]
        }
        return paths + ["/"]
    }
}
