/// dpkg's database: `status`, or one file for each package in `status.d` (distroless images).
enum DpkgReader {
    private static let fields: Set<String> = ["package", "version", "status", "architecture", "source"]

    static func read(_ bytes: [UInt8]) throws(ReadProblem) -> FileRecord.Fact {
        var packages: [FoundPackage] = []
        try ControlFields.forEach(in: bytes, fields) { paragraph throws(ReadProblem) in
            if let package = package(paragraph) { try packages.add(package) }
        }
        return .packages(packages)
    }

    /// nil for one that is gone and has left its configuration only (dpkg(1), "Package states").
    private static func package(_ fields: ControlFields) -> FoundPackage? {
        guard let name = fields["package"], let version = fields["version"], !name.isEmpty, !version.isEmpty
        else { return nil }
        let state = fields["status"]?.split(separator: " ").last
        if state == "not-installed" || state == "config-files" { return nil }
        var package = FoundPackage(.deb, name, version)
        package.architecture = fields["architecture"]
        let source = (fields["source"] ?? "").split(separator: " ")
        if let first = source.first, first != name { package.source = String(first) }
        if source.count == 2, source[1].hasPrefix("("), source[1].hasSuffix(")") {
            let other = String(source[1].dropFirst().dropLast())
            if other != version { package.sourceVersion = other }
        }
        return package
    }
}
