import ArgumentParser
import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnStore

struct ImagePullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch an image from a registry into the store.",
        discussion: """
            Every blob is checked against its digest, every layer against the image's configuration. Goes on where an \
            earlier pull was cut off. Signatures and signed statements come with it. Of an image of several platforms this machine's comes, or all with --all-platforms.

            Examples:

              kiln image pull registry.example.org/shop:1.4.2 --name shop
              kiln image pull registry.example.org/shop:1.4.2 --all-platforms
            """
    )

    @Argument(help: "What: HOST[:PORT]/REPOSITORY with :TAG, @DIGEST, or both.")
    var source: RegistryImage

    @Option(help: "The name that it gets in the store; the reference's own otherwise.")
    var name: String?

    @Flag(help: "The images of all platforms, with their index.")
    var allPlatforms = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let reference = try source.parse()
        let store = ImageStore(home: context.home)
        let pull = ImagePull(store: store, client: registry.client(for: reference.repository, context))
        let name = name ?? reference.description
        let descriptor = try await StoreLock(context.home).shared {
            let descriptor = try await context.withProgress(format.format) {
                try await allPlatforms ? pull.pullAll(reference) : pull.pull(reference)
            }
            try await bringSignatures(of: descriptor, reference, store, pull)
            try await store.tag(name, descriptor)
            try await store.alignPlatformNames(with: name)
            return descriptor
        }
        if format.format == .json {
            return try context.resultJSON(["name": name, "digest": descriptor.digest.description])
        }
        context.console.result(descriptor.digest.description)
        context.console.message("\(reference) is here as \(name)")
    }

    /// An image without its signatures is an image all the same: whoever asks for them is told.
    private func bringSignatures(
        of descriptor: Descriptor,
        _ reference: ImageReference,
        _ store: ImageStore,
        _ pull: ImagePull
    ) async throws {
        do {
            var targets = [descriptor]
            for image in try store.images(in: descriptor) where image.digest != descriptor.digest {
                targets.append(image)
            }
            for target in targets { _ = try await pull.pullReferrers(of: target, from: reference.repository) }
        } catch let error as RegistryError {
            var warning = error.diagnostic
            warning.severity = .warning
            warning.message = "signatures were not fetched: " + warning.message
            CommandContext.current.console.show([warning])
        }
    }
}
