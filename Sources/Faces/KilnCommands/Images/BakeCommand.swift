import ArgumentParser
import KilnAttest
import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnSBOM
import KilnStore
import OrderedCollections
import SystemPackage

struct BakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bake",
        abstract: "Make the images that the lock describes; only what changed is made anew.",
        discussion: """
            Prints one manifest digest per image; of an image of several platforms one for each, then that of their index. Needs no network when the locked packages are in the store. Layers that \
            were finished before a failure or an interruption are not made again.

            Examples:

              kiln bake
              kiln bake runtime
              kiln bake shop@linux/arm64      of several platforms this one
              kiln bake --rebuild-from scripts/install.sh
              kiln bake shop --shell-on-failure
              kiln bake --verify              then make it all again, and prove that it comes out the same
            """
    )

    @Argument(help: "The images to bake, with what they stand on; all when none is named.")
    var images: [ImageName] = []

    @Option(
        help: ArgumentHelp(
            "Make this layer and all above it anew: a step's script as written or a kind; of one image as IMAGE/STEP.",
            valueName: "step"
        )
    )
    var rebuildFrom: String?

    @Flag(help: "Make every layer of the named images anew (of all, when none is named).")
    var noCache = false

    @Flag(help: "When a step or an installation fails, open a shell in its sandbox, as it was left.")
    var shellOnFailure = false

    @Flag(help: "Show afterwards what each part of each layer took.")
    var timings = false

    @Flag(help: "Show every line that package installation and steps print.")
    var verbose = false

    @Flag(help: "Verify what was baked, as kiln image verify does.")
    var verify = false

    @Option(help: "Sign what was baked with this private key, as kiln image sign does.")
    var signKey: String?

    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var options: DefinitionOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let definition = try options.definition()
        try options.check(images, in: definition)
        let key = try signKey.map { try KeyFile.signingKey(FilePath($0)) { try passphrase.read(context) } }
        let inspector = shellOnFailure ? try ShellInspector(context, format.format) : nil
        let rebuild = noCache ? Rebuild.named : rebuildFrom.map(Rebuild.from) ?? .nothing
        let lock = try LockFile.require(options.lockPath)
        let commit = try await SourceCommit.find(
            definition.directory,
            environment: context.environment
        )
        let outcome: BakeOutcome
        do {
            outcome = try await context.withProgress(format.format, narrates: verbose) {
                try await BakeExecutor(
                    definition: definition,
                    lock: lock,
                    home: context.home,
                    registry: context.registry(),
                    inspector: inspector,
                    environment: context.environment
                ).run(images, rebuilding: rebuild)
            }
        } catch is CancellationError where context.interruption.isRequested {
            context.console.show([Self.interrupted])
            throw CommandExit(status: .interrupted)
        }
        try await BakeProvenance(context: context, definition: definition, lock: lock, commit: commit)
            .record(outcome.images)
        let verification =
            verify
            ? try await Verification(definition: definition, lock: lock, images: images)
                .run(context, format.format) : nil
        if let key { try await sign(outcome, key, context) }
        try show(outcome, BakeTimings(outcome, of: definition.perPlatform), verification, context)
        if verification?.isSame == false { throw CommandExit(status: .failed) }
    }

    /// With what verifications said, where there were any.
    private func sign(_ outcome: BakeOutcome, _ key: SigningKey, _ context: CommandContext) async throws {
        let store = ImageStore(home: context.home)
        let named =
            outcome.images.map { ($0.name.common.description, $0.manifest) }
            + outcome.platformNames.map { ($0.name.description, $0.descriptor) }
        try await StoreLock(context.home).shared {
            for (name, image) in named {
                try await StatedBills(context: context, formats: BillFormat.allCases).state(image, as: name)
                _ = try await ImageSigner(store: store, key: key).sign(image, as: name)
            }
        }
    }

    private static let interrupted = Diagnostic(
        .note,
        code: "interrupted",
        "interrupted: nothing was left half-done; finished layers are kept, and the next bake goes on from them"
    )

    private func show(
        _ outcome: BakeOutcome,
        _ times: BakeTimings,
        _ verification: VerificationReport?,
        _ context: CommandContext
    ) throws {
        if format.format == .json {
            return try context.resultJSON(BakeReport(outcome, times, verification))
        }
        let digests =
            outcome.images.map { ($0.name.description, $0.manifest.digest) }
            + outcome.platformNames.map { ($0.name.description, $0.descriptor.digest) }
        let width = digests.map(\.0.count).max() ?? 0
        for (name, digest) in digests {
            context.console.result(name + String(repeating: " ", count: width - name.count) + "  \(digest)")
        }
        if timings { context.console.message(times.table(color: context.console.messages.color)) }
        context.console.message(times.summary)
        if let verification {
            context.console.message(verification.text(color: context.console.messages.color))
        }
    }

    func validate() throws {
        if noCache, rebuildFrom != nil {
            throw ValidationError("--no-cache makes everything anew: --rebuild-from adds nothing to it")
        }
    }
}
