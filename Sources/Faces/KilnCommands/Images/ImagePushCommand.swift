import ArgumentParser
import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnStore

struct ImagePushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Send an image to a registry.",
        discussion: """
            Sends only the blobs that the registry lacks; the tag moves last, so what it names is whole at any moment. \
            Logins are those of docker, podman and skopeo on this machine. Of an image of several platforms all go, and the index \
            that names them.

            What the image was made of (packages, the base image's manifest) goes with it, as an artifact that the registry keeps \
            beside it. Name the repository under `sources:` in the definition, and the image can be baked anew when \
            the archives have dropped their part. Signatures and statements (provenance) go with it too, and add to those that are \
            there.

            Examples:

              kiln image push shop registry.example.org/shop:1.4.2
              kiln image push shop registry.example.org/prod/shop:1.4.2 --mount-from staging/shop
            """
    )

    @Argument(help: "A name, a digest, or the first six or more digits of one.")
    var image: String

    @Argument(help: "Where to: HOST[:PORT]/REPOSITORY:TAG.")
    var target: RegistryImage

    @Option(help: "A repository of the same registry that has the layers already.")
    var mountFrom: String?

    @Flag(inversion: .prefixedNo, help: "Send what the image was made of, too.")
    var sources = true

    @Flag(inversion: .prefixedNo, help: "Send signatures and statements about it, too.")
    var signatures = true

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let reference = try target.parse()
        let store = ImageStore(home: context.home)
        let descriptor = try store.resolve(image)
        try refuseOlderImages(store)
        let other = try mountFrom.map { path in
            try RegistryImage(argument: "\(reference.repository.registry)/\(path):any")?.parse().repository
        }
        let push = ImagePush(store: store, client: registry.client(for: reference.repository, context))
        let report = try await StoreLock(context.home).shared {
            try await context.withProgress(format.format) {
                func files(of image: Digest) throws -> [SourceFile] {
                    sources ? try ImageSources(home: context.home).files(of: image) ?? [] : []
                }
                return descriptor.mediaType.isIndex
                    ? try await push.push(
                        index: descriptor,
                        to: reference,
                        mountFrom: other ?? nil,
                        sources: files,
                        withReferrers: signatures
                    )
                    : try await push.push(
                        descriptor,
                        to: reference,
                        mountFrom: other ?? nil,
                        sources: try files(of: descriptor.digest),
                        withReferrers: signatures
                    )
            }
        }
        if format.format == .json {
            return try context.resultJSON(PushReport(reference: reference.description, report))
        }
        context.console.result("\(reference.repository)@\(report.digest)")
        context.console.message(
            "\(reference): \(Quantities.bytes(report.sentBytes)) sent in \(report.sent) blobs, "
                + "\(report.mounted) mounted, \(report.alreadyThere) were there"
        )
        guard let sources = report.sources else { return }
        context.console.message(
            "sources: \(sources.files) files kept with it, \(Quantities.bytes(sources.sentBytes)) sent; "
                + "re-bakes find them by sources: [\(reference.repository)]"
        )
    }
}

extension ImagePushCommand {
    /// Of several platforms' images some may have been baked without the others, and the name has older ones.
    private func refuseOlderImages(_ store: ImageStore) throws {
        guard let ahead = try store.platformsAhead(of: image).first else { return }
        throw DiagnosticFailure(
            Diagnostic(
                code: "image.platforms",
                "\"\(image)\" has an older image for \(ahead) than \(image)@\(ahead), which was baked since",
                hint:
                    "kiln bake \(image) makes all of one state; or push what you mean: one platform's name, or a digest",
                exitStatus: .usage
            )
        )
    }
}

private struct PushReport: Encodable {
    let reference: String
    let digest: Digest
    let sentBytes: Int64
    let sent: Int
    let mounted: Int
    let alreadyThere: Int
    let sources: Sources?

    struct Sources: Encodable {
        let digest: Digest
        let files: Int
        let sent: Int
        let sentBytes: Int64
    }

    init(reference: String, _ report: ImagePush.Report) {
        self.reference = reference
        digest = report.digest
        sentBytes = report.sentBytes
        sent = report.sent
        mounted = report.mounted
        alreadyThere = report.alreadyThere
        sources = report.sources.map {
            Sources(digest: $0.digest, files: $0.files, sent: $0.sent, sentBytes: $0.sentBytes)
        }
    }
}
