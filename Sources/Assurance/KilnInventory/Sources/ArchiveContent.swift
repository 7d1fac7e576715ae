import KilnArchive
import KilnOCI
import KilnSystem
import SystemPackage

/// The members of a tar by their names, found by reading it once; a compressed one is unpacked into a file without a name first.
private struct TarFiles: LayoutFiles {
    private let members: [String: Range<Int64>]
    private let links: [String: String]
    private let bytes: any RandomBytes & Sendable

    private static let most = 100_000
    /// No name that is looked for has more.
    private static let longestName = 512
    /// It holds layers: what is written out to be read does not grow without end.
    private static let limits: ArchiveLimits = {
        var limits = ArchiveLimits.standard
        limits.expansion = 100
        return limits
    }()

    init(_ path: FilePath) throws {
        var stream = try Decompressor(try FileSource(path), limits: Self.limits)
        let plain = try FileBytes(path)
        let magic = try? plain.bytes(at: 257, 5)
        if magic == Array("ustar".utf8) {
            bytes = plain
        } else {
            bytes = try UnpackedFile(&stream)
        }
        var reader = TarReader(RangeSource(bytes, 0..<bytes.size), hashing: false)
        var (members, links): ([String: Range<Int64>], [String: String]) = ([:], [:])
        var isTar = false
        while let entry = try Self.next(&reader, of: path, isTar: isTar) {
            isTar = true
            try Blocking.checkCancellation()
            guard entry.path.utf8.count <= Self.longestName else { continue }
            guard members.count + links.count < Self.most else { throw ArchiveError(.limit(.entries)) }
            switch entry.kind {
            case .file(let size): members[entry.path] = reader.position..<reader.position + size
            case .hardlink(let target): links[entry.path] = target
            // Old `docker save` links a layer that it has twice.
            case .symlink(let target):
                let folder = EntryPath.split(entry.path).parent
                links[entry.path] = Self.resolved(target, in: folder)
            default: break
            }
        }
        self.members = members
        self.links = links
    }

    /// What does not even begin as a tar is none, and not one that is damaged.
    private static func next(
        _ reader: inout TarReader,
        of path: FilePath,
        isTar: Bool
    ) throws -> TarEntry? {
        do {
            return try reader.next()
        } catch {
            if isTar { throw error }
            switch error.reason {
            case .truncated, .checksum, .malformed: throw InventoryError(.notATar, path.string)
            default: throw error
            }
        }
    }

    private static func resolved(_ target: String, in folder: String) -> String? {
        var parts = EntryPath.components(folder)
        for part in target.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    func source(_ name: String) throws -> (any ByteSource)? {
        guard let range = members[name] ?? links[name].flatMap({ members[$0] }) else { return nil }
        return RangeSource(bytes, range)
    }
}

/// What a compressed archive holds. A class: it owns the file, which has no name, and closes it once.
private final class UnpackedFile: RandomBytes, Sendable {
    let size: Int64
    private let file: FileBytes

    init(_ stream: inout Decompressor) throws {
        file = try FileBytes(unpacking: &stream)
        size = file.size
    }

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        try file.read(at: offset, into: buffer)
    }
}

extension ImageContent {
    /// One entry of the `manifest.json` of `docker save`.
    private struct DockerEntry: Decodable {
        let config: String
        let layers: [String]
        let tags: [String]?

        private enum CodingKeys: String, CodingKey {
            case config = "Config"
            case layers = "Layers"
            case tags = "RepoTags"
        }
    }

    /// A tar with the layout of `docker save`, of either form, or an OCI layout.
    init(archive path: FilePath, for platform: ImagePlatform) throws {
        let files: TarFiles
        do { files = try TarFiles(path) } catch let error as ArchiveError { throw error.reading(path) }
        guard let bytes = try Self.document("manifest.json", files) else {
            guard try files.source("index.json") != nil else {
                throw InventoryError(.notAnArchive, path.string)
            }
            try self.init(path.string, layout: files, tag: nil, for: platform)
            return
        }
        guard let entries = try? CanonicalJSON.decode([DockerEntry].self, from: bytes), !entries.isEmpty
        else {
            throw InventoryError(.notAnArchive, path.string)
        }
        guard entries.count == 1, let entry = entries.first else {
            throw InventoryError(.severalImages(entries.flatMap { $0.tags ?? [] }), path.string)
        }
        guard let configBytes = try Self.document(entry.config, files),
            let config = try? CanonicalJSON.decode(ImageConfig.self, from: configBytes)
        else { throw InventoryError(.damaged("the configuration"), path.string) }
        // Such an archive has no manifest; the image is known by its configuration's digest, the image ID.
        try self.init(path.string, Digest(of: configBytes), config, entry.layers) { layer in
            guard let source = try files.source(layer) else {
                throw InventoryError(.damaged("layer \(layer)"), path.string)
            }
            return source
        }
    }
}
