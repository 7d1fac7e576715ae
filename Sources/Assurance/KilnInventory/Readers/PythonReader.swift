import KilnArchive

/// Installed Python distributions: `METADATA` and `RECORD` of a `.dist-info` folder, `PKG-INFO` of an `.egg-info` (PyPA, core metadata).
enum PythonReader {
    private static let fields: Set<String> = [
        "name", "version", "license", "license-expression", "classifier",
    ]

    static func read(_ bytes: [UInt8], at path: String) throws(ReadProblem) -> [FoundPackage] {
        let fields = ControlFields.first(in: bytes, fields)
        guard let name = fields["name"], let version = fields["version"], !name.isEmpty, !version.isEmpty
        else { throw ReadProblem("it names no package and version") }
        var package = FoundPackage(.python, name, version)
        package.licences = licences(fields)
        package.holds = [path.hasSuffix(".egg-info") ? path : EntryPath.split(path).parent]
        return [package]
    }

    /// The expression, else the field where it is a name and no whole text, else what the classifiers say.
    private static func licences(_ fields: ControlFields) -> [String] {
        if let expression = fields["license-expression"], !expression.isEmpty { return [expression] }
        if let name = fields["license"], !name.isEmpty, name != "UNKNOWN", name.utf8.count <= 100,
            !name.contains("\n")
        {
            return [name]
        }
        return fields.all("classifier").compactMap { classifier in
            guard classifier.hasPrefix("License :: ") else { return nil }
            let name = classifier.split(separator: ":").last?.drop { $0 == " " }
            return name == "OSI Approved" ? nil : name.map(String.init)
        }
    }

    /// Lines of `path,digest,size`; paths are relative to the folder that the `.dist-info` is in.
    static func files(_ bytes: [UInt8], at path: String) throws(ReadProblem) -> FileRecord.Fact {
        let site = EntryPath.split(EntryPath.split(path).parent).parent
        var files = FileNames()
        try TextLines.forEach(in: bytes) { line throws(ReadProblem) in
            var name = line.prefix { $0 != UInt8(ascii: ",") }
            if line.first == UInt8(ascii: "\"") {
                name = line.dropFirst().prefix { $0 != UInt8(ascii: "\"") }
            }
            guard !name.isEmpty, let text = String(validating: name, as: UTF8.self) else { return }
            var parts = text.hasPrefix("/") ? [] : EntryPath.components(site)
            for part in text.split(separator: "/") {
                if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
            }
            try files.append(parts.joined(separator: "/"))
        }
        return .files(package: "", files.paths)
    }
}
