import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// What layers say, kept beside what else is known of them: one file for each layer, which goes when the layer does.
///
/// ```
/// kiln-inventory 3 sha256:<diffID> sha256:<of what follows>
/// ```
struct LayerInventories: Sendable {
    /// Moves whenever readers find more than they did, so that what older ones found is not taken for all.
    static let format = 3
    private static let longest = 512 << 20

    let home: KilnHome

    /// nil when nothing is kept, or what is kept is of another format, or damaged.
    func load(_ diffID: DiffID) -> LayerFacts? {
        guard let bytes = try? Files.read(path(for: diffID), limit: Self.longest),
            let end = bytes.firstIndex(of: 0x0A)
        else { return nil }
        let body = bytes[(end + 1)...]
        guard bytes[...end].elementsEqual(Self.head(diffID, Digest(of: body))) else { return nil }
        return LayerFacts(parsing: body)
    }

    /// A home that cannot be written keeps nothing; the next reading takes its time again.
    func save(_ facts: LayerFacts, for diffID: DiffID) {
        guard Files.exists(home.root) else { return }
        let body = facts.encode()
        guard body.count < Self.longest, (try? home.makePrivate(home.layers)) != nil else { return }
        try? Files.write(Self.head(diffID, Digest(of: body)) + body, to: path(for: diffID), mode: 0o600)
    }

    func path(for diffID: DiffID) -> FilePath {
        home.layers.appending(diffID.short + LayerFile.inventorySuffix)
    }

    private static func head(_ diffID: DiffID, _ digest: Digest) -> [UInt8] {
        Array("kiln-inventory \(format) \(diffID) \(digest)\n".utf8)
    }
}
