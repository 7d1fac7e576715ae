import KilnArchive
import SystemPackage

/// Java archives: what Maven put into them (`pom.properties`), else what the manifest and the file's name say; archives in archives.
enum JavaReader {
    /// How deep archives lie in archives; how many there are in one; bytes of all of them.
    private static let deepest = 6
    private static let most = 5000
    private static let largest: Int64 = 4 << 30
    private static let limits: ArchiveLimits = {
        var limits = ArchiveLimits()
        limits.totalSize = 1 << 30
        limits.expansion = 1100
        limits.expansionFloor = 16 << 20
        return limits
    }()

    private struct Budget {
        var archives = most
        var bytes = largest
    }

    static func read(_ content: some RandomBytes, at path: String) throws(ReadProblem) -> [FoundPackage] {
        var budget = Budget()
        var found: [FoundPackage] = []
        try read(content, EntryPath.split(path).name, inside: "", depth: 0, &budget, &found)
        return found.map { package in
            var package = package
            // What only holds others is a file that nobody owns.
            if package.inside.isEmpty { package.holds = [path] }
            return package
        }
    }

    private static func read(
        _ content: some RandomBytes,
        _ name: String,
        inside: String,
        depth: Int,
        _ budget: inout Budget,
        _ found: inout [FoundPackage]
    ) throws(ReadProblem) {
        let zip: ZipArchive
        do { zip = try ZipArchive(content, directoryLimit: 32 << 20) } catch {
            // Only the outermost one must be what its name says.
            if depth == 0 { throw ReadProblem("it is no zip archive that can be read") }
            return
        }
        var packages: [FoundPackage] = []
        var manifest = JavaManifest([])
        for member in zip.members {
            if member.name.hasSuffix("/pom.properties"), member.name.hasPrefix("META-INF/maven/") {
                if let bytes = small(member, zip), let package = pom(bytes) { packages.append(package) }
            } else if member.name == "META-INF/MANIFEST.MF" {
                manifest = JavaManifest(small(member, zip) ?? [])
            } else if isArchive(member.name) {
                let place = inside.isEmpty ? member.name : inside + ":" + member.name
                try nested(member, zip, place, depth, &budget, &found)
            }
        }
        // What was merged into it brings its own properties; they do not speak for the whole.
        if let own = manifest.package(of: name), !packages.contains(where: { own.isSame(as: $0) }) {
            packages.append(own)
        }
        let licences = manifest.licences
        found += Set(packages).sorted { ($0.name, $0.version) < ($1.name, $1.version) }.map { package in
            var package = package
            package.inside = inside
            if packages.count == 1 { package.licences = licences }
            return package
        }
    }

    private static func nested(
        _ member: ZipArchive.Member,
        _ zip: ZipArchive,
        _ place: String,
        _ depth: Int,
        _ budget: inout Budget,
        _ found: inout [FoundPackage]
    ) throws(ReadProblem) {
        budget.archives -= 1
        budget.bytes -= member.size
        guard depth < deepest, budget.archives >= 0, budget.bytes >= 0 else {
            throw ReadProblem("it holds more archives than are read")
        }
        let spool = Spool(folder: "/tmp")
        do throws(ArchiveError) {
            var content = AnyByteSource(try zip.content(of: member, limits: limits))
            try spool.fill(from: &content, limit: member.size)
        } catch {
            return
        }
        let name = EntryPath.split(member.name).name
        try read(spool, name, inside: place, depth: depth + 1, &budget, &found)
    }

    private static func isArchive(_ name: String) -> Bool {
        [".jar", ".war", ".ear", ".par", ".sar", ".jpi", ".hpi"].contains { name.hasSuffix($0) }
    }

    private static func small(_ member: ZipArchive.Member, _ zip: ZipArchive) -> [UInt8]? {
        guard member.size <= 1 << 20 else { return nil }
        do throws(ArchiveError) {
            var content = AnyByteSource(try zip.content(of: member, limits: limits))
            return try LayerInspector.all(of: &content, member.size)
        } catch {
            return nil
        }
    }

    /// Java properties, of which Maven writes plain ones.
    private static func pom(_ bytes: [UInt8]) -> FoundPackage? {
        var values: [Substring: String] = [:]
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(whereSeparator: \.isNewline) where line.first != "#" {
            guard let equals = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
            let value = line[line.index(after: equals)...].drop { $0 == " " }
            values[line[..<equals].prefix { $0 != " " }] = String(value.prefix { $0 != "\r" && $0 != " " })
        }
        guard let group = values["groupId"], let artifact = values["artifactId"],
            let version = values["version"], !group.isEmpty, !artifact.isEmpty, !version.isEmpty,
            // A template that nothing was put into.
            !version.contains("${")
        else { return nil }
        return FoundPackage(.java, "\(group):\(artifact)", version)
    }
}

extension FoundPackage {
    /// Whether the name or the version of an archive is that of its properties.
    fileprivate func isSame(as properties: FoundPackage) -> Bool {
        func artifact(_ name: String) -> Substring { name.split(separator: ":").last ?? "" }
        return version == properties.version || artifact(name) == artifact(properties.name)
    }
}
