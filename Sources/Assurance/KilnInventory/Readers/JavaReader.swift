import KilnArchive
import SystemPackage

/// Java archives: what Maven put into them (`pom.properties`), else what the manifest and the file's name say; archives in archives.
enum JavaReader {
    /// How deep archives lie in archives; how many there are in one; bytes of all of them.
    private static let deepest = 6
    private static let most = 5000
    private static let mostPackages = 50_000
    private static let largest: Int64 = 4 << 30
    private static let longestName = 1024
    private static let limits: ArchiveLimits = {
        var limits = ArchiveLimits()
        limits.totalSize = 1 << 30
        limits.expansion = 1100
        limits.expansionFloor = 16 << 20
        return limits
    }()
    /// What is compressed already does not become a hundred times as much.
    private static let nestedLimits: ArchiveLimits = {
        var limits = JavaReader.limits
        limits.expansion = 100
        limits.expansionFloor = 64 << 20
        return limits
    }()

    /// What one file holds, and what of it was passed over.
    private struct Reading {
        var archives = most
        var bytes = largest
        /// Bytes of properties and manifests.
        var small: Int64 = 256 << 20
        var found: [FoundPackage] = []
        private var omitted: (count: Int, first: String) = (0, "")

        mutating func omit(_ place: String, _ why: String) {
            if omitted.count == 0 { omitted.first = "\(place) in it was not read: \(why)" }
            omitted.count += 1
        }

        var facts: [FileRecord.Fact] {
            guard omitted.count > 0 else { return [.packages(found)] }
            let more = omitted.count > 1 ? "; so were \(omitted.count - 1) more not" : ""
            return [.packages(found), .unreadable(omitted.first + more)]
        }
    }

    static func read(_ content: some RandomBytes, at path: String) throws(ReadProblem) -> [FileRecord.Fact] {
        var reading = Reading()
        guard let zip = try? ZipArchive(content, directoryLimit: 32 << 20) else {
            throw ReadProblem("it is no zip archive that can be read")
        }
        read(zip, EntryPath.split(path).name, inside: "", depth: 0, &reading)
        for place in reading.found.indices where reading.found[place].inside.isEmpty {
            // What only holds others is a file that nobody owns.
            reading.found[place].holds = [path]
        }
        return reading.facts
    }

    private static func read(
        _ zip: ZipArchive,
        _ name: String,
        inside: String,
        depth: Int,
        _ reading: inout Reading
    ) {
        var packages: [FoundPackage] = []
        var manifest = JavaManifest([])
        for member in zip.members where member.name.utf8.count <= longestName {
            let place = inside.isEmpty ? member.name : inside + ":" + member.name
            if member.name.hasSuffix("/pom.properties"), member.name.hasPrefix("META-INF/maven/") {
                guard let bytes = small(member, zip, &reading) else {
                    reading.omit(place, "it is damaged, or too big")
                    continue
                }
                if let package = pom(bytes) { packages.append(package) }
            } else if member.name == "META-INF/MANIFEST.MF" {
                manifest = JavaManifest(small(member, zip, &reading) ?? [])
            } else if isArchive(member.name) {
                nested(member, zip, place, depth, &reading)
            }
        }
        // What was merged into it brings its own properties; they do not speak for the whole.
        if let own = manifest.package(of: name), !packages.contains(where: { own.isSame(as: $0) }) {
            packages.append(own)
        }
        guard reading.found.count + packages.count <= mostPackages else {
            return reading.omit(inside.isEmpty ? name : inside, "there are more packages than are read")
        }
        let licences = manifest.licences
        reading.found += Set(packages).sorted { ($0.name, $0.version) < ($1.name, $1.version) }.map {
            package in
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
        _ reading: inout Reading
    ) {
        guard depth < deepest else { return reading.omit(place, "it lies too deep") }
        guard reading.archives > 0, member.size <= reading.bytes else {
            return reading.omit(place, "there are more archives than are read")
        }
        reading.archives -= 1
        reading.bytes -= member.size
        let spool = Spool(folder: "/tmp")
        let inner: ZipArchive
        do throws(ArchiveError) {
            var content = AnyByteSource(try zip.content(of: member, limits: nestedLimits))
            try spool.fill(from: &content, limit: member.size)
            inner = try ZipArchive(spool, directoryLimit: 8 << 20)
        } catch {
            return reading.omit(place, "it is damaged, or unpacks to too much")
        }
        read(inner, EntryPath.split(member.name).name, inside: place, depth: depth + 1, &reading)
    }

    private static func isArchive(_ name: String) -> Bool {
        [".jar", ".war", ".ear", ".par", ".sar", ".jpi", ".hpi"].contains { name.hasSuffix($0) }
    }

    private static func small(
        _ member: ZipArchive.Member,
        _ zip: ZipArchive,
        _ reading: inout Reading
    ) -> [UInt8]? {
        guard member.size <= 1 << 20, member.size <= reading.small else { return nil }
        reading.small -= member.size
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
