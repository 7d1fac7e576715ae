package import SystemPackage

/// Paths of files beside the definition. They never leave its folder, so that the definition and its folder are all
/// that a bake depends on.
package enum SourcePath {
    static let pattern = "^[^/~].*$"

    package static func parse(_ text: String) throws(ValueError) -> FilePath {
        func refusal(_ why: String, _ hint: String) -> ValueError {
            ValueError("bad-source", "\"\(text)\" \(why)", hint: hint)
        }
        let copy = "copy the file into the folder of the definition, and name it relative to that"
        guard !text.isEmpty, text.utf8.count < 4096,
            !text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 })
        else { throw refusal("is no path", "a path relative to the definition, such as app/server.py") }
        guard text.utf8.first != 47, !text.hasPrefix("~/"), text != "~" else {
            throw refusal("is not relative to the definition", copy)
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: true).filter { $0 != "." }
        guard !parts.contains("..") else { throw refusal("leaves the folder of the definition", copy) }
        return FilePath(parts.isEmpty ? "." : parts.joined(separator: "/"))
    }
}
