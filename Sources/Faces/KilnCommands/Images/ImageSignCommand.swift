import ArgumentParser
import KilnAttest
import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnSBOM
import KilnStore
import SystemPackage

struct ImageSignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign an image of the store, and what is stated of it: provenance, bills of materials.",
        discussion: """
            The signature lies beside the image and goes with it by kiln image push, in the form and place that cosign, and the sigstore \
            policies of podman and skopeo, look for. Beside it lie signed statements (in-toto, in DSSE envelopes): the provenance that the \
            bake wrote, and the bill of materials as CycloneDX and as SPDX. Of an image of several platforms the index is signed, and each image in it. Signing \
            again with the same key and words adds nothing.

            Examples:

              kiln image sign shop --key shop-ci.key --passphrase-file /run/secrets/key-passphrase
              kiln image sign shop --key shop-ci.key --identity registry.example.org/shop --annotation commit=4f2a91c
              kiln image sign shop --key shop-ci.key --sbom cyclonedx
            """
    )

    @Argument(help: "A name, a digest, or the first six or more digits of one.")
    var image: String

    @Option(
        name: .customLong("sbom"),
        help: ArgumentHelp(
            "The bills of materials that are stated too: cyclonedx, spdx; may be given several times.",
            valueName: "format"
        )
    )
    var bills: [BillFormat] = BillFormat.allCases

    @Flag(help: "State no bill of materials.")
    var noSbom = false

    @OptionGroup var signing: SigningOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let store = ImageStore(home: context.home)
        let descriptor = try store.resolve(image)
        let identity = try signing.identity ?? Self.identity(of: descriptor, named: image, store)
        let key = try signing.signingKey(context)
        let claims = try signing.claims()
        let bills = StatedBills(context: context, formats: noSbom ? [] : bills)
        let outcomes = try await StoreLock(context.home).shared {
            try await bills.state(descriptor, as: identity)
            return try await ImageSigner(store: store, key: key).sign(
                descriptor,
                as: identity,
                claims: claims
            )
        }
        let report = SigningReport(key: key.verification.fingerprint, identity: identity, outcomes)
        if format.format == .json { return try context.resultJSON(report) }
        for outcome in outcomes { context.console.result(outcome.digest.description) }
        context.console.message(report.text)
    }

    /// What signers call an image of the store: its name without the version, which is a repository where it came from one.
    static func identity(of image: Descriptor, named text: String, _ store: ImageStore) throws -> String {
        let names = try store.list().filter { $0.descriptor.digest == image.digest }.map(\.name)
        let name = names.contains(text) ? text : names.first
        guard let name else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "image.unnamed",
                    "image \(image.digest.short) has no name that the signature could tell",
                    hint: "say what it is: --identity registry.example.org/shop",
                    exitStatus: .usage
                )
            )
        }
        return identity(ofName: name)
    }

    static func identity(ofName name: String) -> String {
        if let reference = try? ImageReference(parsing: name) { return reference.repository.description }
        return String(name.prefix { $0 != ":" && $0 != "@" })
    }
}

/// How signatures are made, and what they say.
struct SigningOptions: ParsableArguments {
    @Option(help: "The private key (kiln key generate makes one).")
    var key: String

    @Option(
        help: ArgumentHelp(
            "What the signature calls the image: a repository, with or without a tag; the image's name without it.",
            valueName: "repository"
        )
    )
    var identity: String?

    @Option(
        name: [.customLong("annotation"), .customShort("a")],
        help: ArgumentHelp(
            "What the signature says besides; may be given several times.",
            valueName: "name=value"
        )
    )
    var annotations: [String] = []

    @OptionGroup var passphrase: PassphraseOptions

    func signingKey(_ context: CommandContext) throws -> SigningKey {
        try KeyFile.signingKey(FilePath(key)) { try passphrase.read(context) }
    }

    func claims() throws -> [String: String] { try Self.claims(annotations) }

    static func claims(_ annotations: [String]) throws -> [String: String] {
        var claims: [String: String] = [:]
        for text in annotations {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw ValidationError("--annotation takes NAME=VALUE, not \"\(text)\"")
            }
            guard claims.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
                throw ValidationError("--annotation has \(parts[0]) twice")
            }
        }
        return claims
    }
}

struct SigningReport: Encodable {
    struct Image: Encodable {
        let digest: Digest
        /// False where the same was signed before.
        let new: Bool
        let statements: [String]
    }

    let key: Digest
    let identity: String
    let images: [Image]

    init(key: Digest, identity: String, _ outcomes: [ImageSigner.Outcome]) {
        self.key = key
        self.identity = identity
        images = outcomes.map {
            Image(digest: $0.digest, new: $0.isNew, statements: $0.statements.map(\.word).sorted())
        }
    }

    var text: String {
        let words = Set(images.flatMap(\.statements)).sorted()
        let what = words.isEmpty ? "" : ", with its \(words.joined(separator: " and "))"
        let who = "by \(key.short) as \(identity)\(what)"
        return images.contains { $0.new } ? "signed \(who)" : "was signed before \(who)"
    }
}
