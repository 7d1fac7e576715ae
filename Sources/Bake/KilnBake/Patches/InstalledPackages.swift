import KilnArchive
package import KilnOCI
package import KilnStore
import KilnSystem

/// The packages that an image holds, by dpkg's own record in it.
package enum InstalledPackages {
    private static let status = "var/lib/dpkg/status"
    private static let limit = 64 << 20

    /// Versions by name; nil when the image is not here, or has no such record.
    package static func read(of image: Digest, in store: ImageStore) async throws -> [String: String]? {
        guard store.isWhole(image) else { return nil }
        let manifest = try store.manifest(image).value
        let diffIDs = try store.config(manifest).value.rootfs.diffIDs
        for (layer, diffID) in zip(manifest.layers, diffIDs).reversed() {
            guard let index = try LayerIndexes(home: store.home).load(diffID) else { continue }
            if index.removed.contains(where: { status == $0 || status.hasPrefix($0 + "/") }) { return nil }
            guard index.lookup(status) != nil else { continue }
            let path = store.blobPath(layer.digest)
            return try await Blocking.run {
                var reader = TarReader(
                    try Decompressor(FileSource(path), limits: .standard),
                    limits: .standard
                )
                while let entry = try reader.next() {
                    guard entry.path == status else { continue }
                    return parse(String(decoding: try reader.content(limit: limit), as: UTF8.self))
                }
                return nil
            }
        }
        return nil
    }

    /// dpkg's status file: a paragraph for each package; those that are removed but for their configuration do not count.
    static func parse(_ text: String) -> [String: String] {
        var versions: [String: String] = [:]
        for paragraph in text.split(separator: "\n\n") {
            var fields: [Substring: Substring] = [:]
            for line in paragraph.split(separator: "\n") where line.first != " " {
                guard let colon = line.firstIndex(of: ":") else { continue }
                fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
            }
            guard let name = fields["Package"], let version = fields["Version"],
                fields["Status"]?.hasSuffix(" installed") == true
            else { continue }
            versions[String(name)] = String(version)
        }
        return versions
    }
}
