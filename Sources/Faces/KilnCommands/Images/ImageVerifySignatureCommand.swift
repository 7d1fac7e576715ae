import ArgumentParser
import KilnAttest
import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import SystemPackage

struct ImageVerifySignatureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-signature",
        abstract:
            "Tell who signed an image, when, and what they said; exit status 3 when none of the keys did.",
        discussion: """
            Looks at an image of the store, or at one in a registry without fetching its layers. Any of the keys will do: name the \
            old and the new one while a key is replaced. With --attestation a statement about the image must be signed, and is shown.

            Examples:

              kiln image verify-signature shop --key keys/shop-ci.pub
              kiln image verify-signature registry.example.org/shop@sha256:0e48… --key keys/shop-ci.pub --attestation provenance
            """
    )

    @Argument(help: "A name or digest of the store, or HOST[:PORT]/REPOSITORY with @DIGEST or :TAG.")
    var image: String

    @Option(help: "A public key that counts; may be given several times.")
    var key: [String]

    @Option(
        help: ArgumentHelp(
            "What the signature must call the image: a repository, with or without a tag; anything without it.",
            valueName: "repository"
        )
    )
    var identity: String?

    @Option(
        name: [.customLong("annotation"), .customShort("a")],
        help: ArgumentHelp(
            "What the signature must say; may be given several times.",
            valueName: "name=value"
        )
    )
    var annotations: [String] = []

    @Option(
        help: ArgumentHelp(
            "The kind of statement that must be signed: provenance, sbom (CycloneDX), spdx, or the URL of its type.",
            valueName: "kind"
        )
    )
    var attestation: String?

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var format: FormatOption

    func validate() throws {
        if key.isEmpty { throw ValidationError("--key names the public key to verify with") }
        if attestation != nil, identity != nil || !annotations.isEmpty {
            throw ValidationError("--identity and --annotation are for signatures, not for statements")
        }
    }

    func run() async throws {
        let context = CommandContext.current
        let keys = try key.map { (path: $0, key: try KeyFile.verificationKey(FilePath($0))) }
        let (digest, source) = try await find(context)
        let policy = SignaturePolicy(
            signers: [Signer(name: key.joined(separator: " or "), keys: keys.map(\.key))],
            identity: identity,
            claims: try SigningOptions.claims(annotations),
            statement: attestation.map(PredicateType.init(word:))
        )
        let verdict = policy.judge(digest, try await source.evidence(of: digest))
        let report = SignatureReport(
            verdict,
            files: Dictionary(keys.map { ($0.key.fingerprint, $0.path) }) { $1 }
        )
        if format.format == .json {
            try context.resultJSON(report)
        } else if verdict.isSatisfied {
            context.console.result(report.text)
        }
        let what = attestation.map { "signed with \(PredicateType(word: $0).word)" } ?? "signed"
        if let refusal = verdict.refusal(of: "\(image) (\(digest.short))", what: what) { throw refusal }
        for reason in verdict.refusals where format.format == .text {
            context.console.message("not counted: \(ShownText.line(reason))")
        }
    }

    /// What has a registry and a digest is asked for there; anything else is of the store where that has it.
    private func find(_ context: CommandContext) async throws -> (Digest, any EvidenceSource) {
        let store = ImageStore(home: context.home)
        let reference = try? ImageReference(parsing: image)
        if reference?.digest == nil {
            do {
                return (try store.resolve(image).digest, LocalEvidence(store: store))
            } catch let error as StoreError {
                guard reference != nil, case .unknownImage = error.reason else { throw error }
            }
        }
        guard let reference else { throw StoreError(.unknownImage(image, similar: nil)) }
        let client = registry.client(for: reference.repository, context)
        let digest = try await client.manifest(reference).descriptor.digest
        return (digest, RegistryEvidence(client: client, repository: reference.repository))
    }
}

/// Who signed what, as `--format json` shows it.
struct SignatureReport: Encodable {
    struct Signature: Encodable {
        let key: Digest
        /// The file of the key that it is by.
        let file: String?
        let identity: String
        /// As the signer says.
        let time: String?
        let annotations: [String: String]
        /// What was signed, of statements: JSON.
        let statement: String?
    }

    let digest: Digest
    let satisfied: Bool
    let signatures: [Signature]
    /// Why other things beside the image do not count.
    let notCounted: [String]

    init(_ verdict: SignatureVerdict, files: [Digest: String]) {
        digest = verdict.image
        satisfied = verdict.isSatisfied
        notCounted = verdict.refusals
        signatures = verdict.findings.map { finding in
            let claims = finding.claims.filter { $0.name != "timestamp" }.map { ($0.name, $0.value) }
            return Signature(
                key: finding.key,
                file: files[finding.key],
                identity: finding.identity,
                time: finding.time.map(WallClock.format),
                annotations: Dictionary(claims) { first, _ in first },
                statement: finding.statement.map { String(decoding: $0, as: UTF8.self) }
            )
        }
    }

    var text: String {
        ([digest.description] + signatures.map(\.text)).joined(separator: "\n")
    }
}

extension SignatureReport.Signature {
    fileprivate var text: String {
        let when = time.map { ", at \($0) by its own word" } ?? ""
        let said = annotations.sorted { $0.key < $1.key }.map { "  \($0.key)=\($0.value)" }
        let lines = ["signed by \(file ?? key.short) as \(identity)\(when)"] + said + stated
        return lines.map(ShownText.line).joined(separator: "\n")
    }

    /// The statement in short, where it is one of ours.
    private var stated: [String] {
        guard let bytes = statement.map({ Array($0.utf8) }) else { return [] }
        if let bill = BillText(bytes) { return ["  " + bill.line] }
        guard let claim = try? Provenance.decode(bytes) else { return [] }
        return ProvenanceText(claim).lines.map { "  " + $0 }
    }
}
