package import KilnOCI
package import KilnSystem
import SystemPackage

/// What images of the store hold, kept by the digests of their manifests: one file for each, which goes when the image does. What no
/// package owns is not among it: the layers tell that.
///
/// ```
/// kiln-image-inventory 3.3 sha256:<manifest> sha256:<of what follows>
/// ```
package struct ImageInventories: Sendable {
    /// Moves with the bytes, and with what readers find in layers.
    static let format = "3.\(LayerInventories.format)"
    private static let longest = 64 << 20

    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    /// nil when nothing is kept of the image, or what is kept is of another format, or damaged.
    package func judged(of image: Digest) -> JudgedPackages? {
        guard let body = body(of: image) else { return nil }
        var reader = FactsReader(cursor: VarintCursor(body))
        guard let packages = reader.packages(), let notes = reader.notes() else { return nil }
        return packages.judged(notes)
    }

    func load(_ image: Digest, as subject: String) -> Inventory? {
        body(of: image).flatMap { Inventory(parsing: $0, subject: subject, digest: image) }
    }

    /// A home that cannot be written keeps nothing. Not synced: what a power loss spoils is taken anew.
    func save(_ inventory: Inventory) {
        guard let image = inventory.digest, Files.exists(home.root) else { return }
        let body = inventory.encode()
        guard body.count < Self.longest, (try? home.makePrivate(home.inventories)) != nil else { return }
        try? Files.write(
            Self.head(image, Digest(of: body)) + body,
            to: path(for: image),
            mode: 0o600,
            synced: false
        )
    }

    func path(for image: Digest) -> FilePath { home.inventories.appending(image.hex) }

    private func body(of image: Digest) -> ArraySlice<UInt8>? {
        guard let bytes = try? Files.read(path(for: image), limit: Self.longest),
            let end = bytes.firstIndex(of: 0x0A)
        else { return nil }
        let body = bytes[(end + 1)...]
        return bytes[...end].elementsEqual(Self.head(image, Digest(of: body))) ? body : nil
    }

    private static func head(_ image: Digest, _ body: Digest) -> [UInt8] {
        Array("kiln-image-inventory \(format) \(image) \(body)\n".utf8)
    }
}
