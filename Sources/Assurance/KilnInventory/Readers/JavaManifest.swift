/// The main section of a jar's manifest (Java's "JAR File Specification").
struct JavaManifest {
    private var values: [String: String] = [:]

    init(_ bytes: [UInt8]) {
        var last: String?
        for raw in String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false,
            whereSeparator: \.isNewline
        ) {
            if raw.isEmpty {
                guard values.isEmpty else { break }
                continue
            }
            if raw.first == " " {
                if let last { values[last]?.append(contentsOf: raw.dropFirst()) }
                continue
            }
            guard let colon = raw.firstIndex(of: ":") else { continue }
            let name = raw[..<colon].lowercased()
            values[name] = String(raw[raw.index(after: colon)...].drop { $0 == " " })
            last = name
        }
    }

    /// What the licence is called, where it is one word or a known expression and no address.
    var licences: [String] {
        guard let text = values["bundle-license"] else { return [] }
        return text.split(separator: ",").compactMap { part in
            let name = part.prefix { $0 != ";" }
            let plain = String(name.drop { $0 == " " || $0 == "\"" }.prefix { $0 != "\"" })
            return plain.isEmpty || plain.contains("://") ? nil : plain
        }
    }

    /// By the file's name where that has a version, `shop-1.4.2.jar`, else by what the manifest says; nil where neither
    /// tells a version.
    func package(of file: String) -> FoundPackage? {
        let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
        let (named, fileVersion) = Self.split(stem)
        let version =
            fileVersion ?? value("implementation-version") ?? value("bundle-version")
            ?? value("specification-version")
        guard let version else { return nil }
        let group = group(of: named)
        return FoundPackage(.java, group.map { "\($0):\(named)" } ?? named, version)
    }

    private func value(_ name: String) -> String? {
        guard let value = values[name], !value.isEmpty, !value.contains("${") else { return nil }
        return value
    }

    /// Of those that name one, what looks like a group and is not the artifact's own name.
    private func group(of artifact: String) -> String? {
        let names = [
            value("implementation-vendor-id"), value("bundle-symbolicname"), value("automatic-module-name"),
            value("extension-name"), value("specification-title"), value("implementation-title"),
        ]
        for name in names.compactMap(\.self) {
            let plain = String(name.prefix { $0 != ";" })
            guard plain.contains("."), plain.allSatisfy({ $0.isLetter || $0.isNumber || "._-".contains($0) })
            else { continue }
            if plain.hasSuffix("." + artifact) { return String(plain.dropLast(artifact.count + 1)) }
            return plain == artifact ? nil : plain
        }
        return nil
    }

    /// Where the first part that begins with a digit begins, the version does.
    private static func split(_ stem: String) -> (name: String, version: String?) {
        var rest = stem[...]
        while let dash = rest.firstIndex(of: "-") {
            rest = rest[rest.index(after: dash)...]
            guard let first = rest.first, first.isASCII, first.isNumber else { continue }
            return (String(stem[..<stem.index(before: rest.startIndex)]), String(rest))
        }
        return (stem, nil)
    }
}
