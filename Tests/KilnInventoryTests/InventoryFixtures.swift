import Glibc
import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// A file, link or deletion of a sample layer.
enum SampleFile {
    case bytes([UInt8])
    case link(String)
    case folder
    /// A second name of another file of the layer.
    case alias(of: String)
    /// What the layers below have at the path is gone.
    case removed

    static func text(_ text: String) -> SampleFile { .bytes(Array(text.utf8)) }
}

enum Samples {
    static let debian = """
        PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
        NAME="Debian GNU/Linux"
        VERSION_ID="12"
        VERSION_CODENAME=bookworm
        ID=debian

        """

    /// 152 packages of 103 sources.
    static let server = "dpkg-status.bookworm-12.15-server.zst"

    static func fixture(_ name: String, _ file: String = #filePath) throws -> [UInt8] {
        let path = FilePath(file).removingLastComponent().appending("Fixtures").appending(name)
        return try all(of: Decompressor(try FileSource(path)))
    }

    static func all(of source: some ByteSource) throws -> [UInt8] {
        var stream = source
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try stream.read(into: buffer)
            if count == 0 { return bytes }
            bytes += UnsafeRawBufferPointer(rebasing: buffer[..<count])
        }
    }

    /// An image of the store, one layer for each list of files.
    @discardableResult
    static func image(
        _ name: String,
        in store: ImageStore,
        made: [String] = [],
        created: String? = "2026-03-01T00:00:00Z",
        encoding: LayerEncoding = .standard,
        layers contents: [[String: SampleFile]]
    ) async throws -> Descriptor {
        try store.prepare()
        var layers: [WrittenLayer] = []
        for files in contents {
            layers.append(
                try await store.ingestLayer(encoding: encoding) { writer in
                    for (path, file) in files.sorted(by: { EntryPath.precedes($0.key, $1.key) }) {
                        try append(path, file, to: &writer)
                    }
                }
            )
        }
        var config = ImageConfig(platform: .host, diffIDs: layers.map(\.diffID))
        config.created = created
        config.history = made.map { ImageConfig.HistoryEntry(created: nil, createdBy: $0) }
        let blob = try store.put(try CanonicalJSON.encode(config), mediaType: .config)
        let manifest = ImageManifest(config: blob, layers: layers.map(\.descriptor))
        let descriptor = try store.put(try CanonicalJSON.encode(manifest), mediaType: .manifest)
        try await store.tag(name, descriptor)
        return descriptor
    }

    private static func append(_ path: String, _ file: SampleFile, to writer: inout LayerWriter) throws {
        switch file {
        case .bytes(let bytes):
            let entry = TarEntry(path: path, kind: .file(size: Int64(bytes.count)), mode: 0o644)
            try writer.append(entry, content: bytes)
        case .link(let target):
            try writer.append(TarEntry(path: path, kind: .symlink(target: target), mode: 0o777))
        case .alias(let target):
            try writer.append(TarEntry(path: path, kind: .hardlink(target: target), mode: 0o644))
        case .folder: try writer.append(TarEntry(path: path, kind: .directory, mode: 0o755))
        case .removed: try writer.append(TarEntry(whiteoutOf: path), content: [])
        }
    }

    /// The same files in a folder.
    static func tree(_ files: [String: SampleFile], at root: FilePath) throws {
        for (path, file) in files.sorted(by: { EntryPath.precedes($0.key, $1.key) }) {
            let target = root.pushing(FilePath(path))
            try Files.createDirectory(target.removingLastComponent())
            switch file {
            case .bytes(let bytes): try Files.write(bytes, to: target)
            case .link(let text): symlink(text, target.string)
            case .folder: try Files.createDirectory(target)
            case .alias, .removed: continue
            }
        }
    }

    static func dpkg(_ packages: (name: String, version: String)...) -> SampleFile {
        .text(
            packages.map { name, version in
                "Package: \(name)\nStatus: install ok installed\nArchitecture: amd64\nVersion: \(version)\n\n"
            }
            .joined()
        )
    }

    /// A zlib stream of one stored block (RFC 1950, RFC 1951).
    static func zlib(_ content: [UInt8]) -> [UInt8] {
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in content {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        let size = UInt16(content.count)
        let head: [UInt8] = [
            0x78, 0x01, 1, UInt8(size & 0xFF), UInt8(size >> 8), UInt8(~size & 0xFF), UInt8(~size >> 8),
        ]
        return head + content
            + [UInt8(b >> 8), UInt8(b & 0xFF), UInt8(a >> 8), UInt8(a & 0xFF)]
    }
}
