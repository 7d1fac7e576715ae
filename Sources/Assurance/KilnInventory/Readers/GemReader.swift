import KilnArchive

/// A gem's specification as RubyGems writes it on installing: Ruby, and of a form that needs no Ruby to be read.
enum GemReader {
    static func read(_ bytes: [UInt8], at path: String) throws(ReadProblem) -> [FoundPackage] {
        var values: [Substring: [String]] = [:]
        for line in bytes.split(separator: 0x0A) {
            let text = String(decoding: line, as: UTF8.self)[...].drop { $0 == " " }
            guard text.hasPrefix("s."), let equals = text.firstIndex(of: "=") else { continue }
            let name = text[..<equals].dropFirst(2).prefix { $0 != " " }
            guard ["name", "version", "licenses", "license"].contains(name) else { continue }
            values[name, default: []] += quoted(text[equals...])
        }
        guard let name = values["name"]?.first, let version = values["version"]?.first else {
            throw ReadProblem("it names no gem and version")
        }
        var package = FoundPackage(.gem, name, version)
        package.licences = (values["licenses"] ?? []) + (values["license"] ?? [])
        let (folder, file) = EntryPath.split(path)
        let home = EntryPath.split(folder).parent
        package.holds = [path, EntryPath.join(home, "gems/" + String(file.dropLast(8)))]
        return [package]
    }

    /// The texts between quotes.
    private static func quoted(_ text: Substring) -> [String] {
        var found: [String] = []
        var rest = text
        while let open = rest.firstIndex(where: { $0 == "\"" || $0 == "'" }) {
            let quote = rest[open]
            rest = rest[rest.index(after: open)...]
            guard let close = rest.firstIndex(of: quote) else { break }
            found.append(String(rest[..<close]))
            rest = rest[rest.index(after: close)...]
        }
        return found
    }
}
