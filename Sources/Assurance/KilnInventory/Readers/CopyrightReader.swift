/// Debian's machine-readable copyright files (DEP-5): the short names of the licences that their paragraphs name.
enum CopyrightReader {
    static func read(_ bytes: [UInt8], of package: String) -> FileRecord.Fact {
        var names: Set<String> = []
        ControlFields.forEach(in: bytes, ["license"]) { paragraph in
            // What follows the first line is the licence's text.
            for name in paragraph.all("license").map({ $0.prefix { $0 != "\n" } }) where !name.isEmpty {
                names.insert(String(name))
            }
        }
        return .licences(package: package, names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }
}
