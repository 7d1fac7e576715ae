import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnStore

struct ImageShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show an image: digests, layers, how it starts.",
        discussion: """
            Of an image of several platforms that of this machine is shown (else the first), or the one that is named.

            Examples:

              kiln image show guestbook
              kiln image show guestbook@linux/arm64
            """
    )

    @Argument(help: "A name, a digest, or the first six or more digits of one.")
    var image: String

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let store = ImageStore(home: context.home)
        let named = try store.resolve(image)
        let index = try store.index(named)
        guard let descriptor = try store.representative(of: named) else {
            throw StoreError(.missingPlatform(image, .host, offered: index?.platforms ?? []))
        }
        let manifest = try store.manifest(descriptor.digest)
        let config = try store.config(manifest.value)
        let details = ImageDetails(
            digest: descriptor.digest,
            index: index.map { ImageDetails.Index(digest: named.digest, $0) },
            manifest: manifest.value,
            config: config.value,
            revoked: try store.ancestry(of: descriptor.digest).revoked,
            verdicts: try LayerCache(home: context.home).verdicts(of: Set(config.value.rootfs.diffIDs))
        )
        if format.format == .json { return try context.resultJSON(details) }
        context.console.result(details.text(color: context.console.output.color))
    }
}

struct ImageDetails: Encodable {
    struct Layer: Encodable {
        let diffID: DiffID
        let digest: Digest
        let size: Int64
        let createdBy: String
        /// `verified`, `differs`, or `unverified` while nobody made the layer again.
        let verified: String
        /// Whether the programs that made it again could be told another time; nil when none did, or nobody knows.
        let clockWasMoved: Bool?
    }

    /// The images of all platforms, of which the rest shows one.
    struct Index: Encodable {
        struct Platform: Encodable {
            let platform: String
            let digest: Digest
        }

        let digest: Digest
        let platforms: [Platform]

        init(digest: Digest, _ index: ImageIndex) {
            self.digest = digest
            platforms = index.manifests.map {
                Platform(platform: $0.platform?.description ?? "-", digest: $0.digest)
            }
        }
    }

    let digest: Digest
    /// nil for an image of one platform.
    let index: Index?
    let imageID: Digest
    let version: String?
    /// What the image was made ready for, such as `hardened`.
    let profile: String?
    let created: String?
    let platform: String
    let entrypoint: [String]
    let user: String?
    let environment: [String]
    let layers: [Layer]
    /// Its own or, else, the nearest that it inherits.
    let revocation: RevocationReport?
    private let shownRevocation: String?

    private enum CodingKeys: CodingKey {
        case digest
        case index
        case imageID
        case version
        case profile
        case created
        case platform
        case entrypoint
        case user
        case environment
        case layers
        case revocation
    }

    init(
        digest: Digest,
        index: Index? = nil,
        manifest: ImageManifest,
        config: ImageConfig,
        revoked: Ancestry.Member?,
        verdicts: [DiffID: LayerVerdict] = [:]
    ) {
        revocation = revoked?.revocation.map(RevocationReport.init)
        shownRevocation = revoked.flatMap { member in
            member.revocation.map { (member.digest == digest ? "" : "\(member.shown): ") + $0.shown }
        }
        self.digest = digest
        self.index = index
        imageID = manifest.config.digest
        version = manifest.version
        let runtime = config.config?.labels?[ImageRuntime.label].flatMap { label in
            try? CanonicalJSON.decode(ImageRuntime.self, from: Array(label.utf8))
        }
        profile = runtime?.profile?.rawValue
        created = config.created
        platform = config.platform.description
        entrypoint = (config.config?.entrypoint ?? []) + (config.config?.cmd ?? [])
        user = config.config?.user
        environment = config.config?.env ?? []
        let history = (config.history ?? []).filter { $0.emptyLayer != true }
        layers = zip(manifest.layers, config.rootfs.diffIDs).enumerated().map { position, layer in
            Layer(
                diffID: layer.1,
                digest: layer.0.digest,
                size: layer.0.size,
                createdBy: position < history.count ? history[position].createdBy ?? "" : "",
                verified: verdicts[layer.1]?.result.rawValue ?? "unverified",
                clockWasMoved: verdicts[layer.1]?.clockWasMoved
            )
        }
    }

    func text(color: Bool) -> String {
        let whole = index.map { index in
            [("index", index.digest.description)]
                + index.platforms.map { ("", "\($0.digest)  \($0.platform)") }
        }
        let facts =
            (whole ?? []) + [
                ("digest", digest.description), ("image ID", imageID.description),
                ("version", version ?? "-"), ("profile", profile ?? "-"),
                ("platform", platform), ("created", created ?? "-"),
                ("entrypoint", entrypoint.isEmpty ? "-" : entrypoint.joined(separator: " ")),
                ("user", user ?? "root"),
            ] + (shownRevocation.map { [("revoked", $0)] } ?? [])
        let head = facts.map { name, value in
            name + String(repeating: " ", count: 12 - name.count) + ShownText.line(value)
        }
        let variables = environment.map { "env         \(ShownText.line($0))" }
        var table = TextTable(
            ("LAYER", .left),
            ("DIFF ID", .left),
            ("SIZE", .right),
            ("STATE", .left),
            ("MADE BY", .left)
        )
        for (position, layer) in layers.enumerated() {
            table.add(
                String(position + 1),
                layer.diffID.short,
                Quantities.bytes(layer.size),
                layer.verified,
                Quantities.cut(layer.createdBy, to: 60)
            )
        }
        return (head + variables + ["", table.render(color: color)]).joined(separator: "\n")
    }
}
