import ArgumentParser
import KilnAttest
import KilnOCI
import KilnSystem
import SystemPackage

struct KeyShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a key's fingerprint, by which signatures name it.",
        discussion: """
            The fingerprint is the sha256 of the public key (SubjectPublicKeyInfo in DER), the same for both halves of a pair. Of a \
            private key that is under a passphrase the passphrase is needed.

            Examples:

              kiln key show shop-ci.pub
              openssl pkey -pubin -in shop-ci.pub -outform der | sha256sum      the same
            """
    )

    @Argument(help: "The key, public or private.")
    var file: String

    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let key = try key(context)
        if format.format == .json {
            return try context.resultJSON(KeyReport(fingerprint: key.fingerprint))
        }
        context.console.result(key.fingerprint.description)
    }

    private func key(_ context: CommandContext) throws -> VerificationKey {
        let path = FilePath(file)
        let isPrivate = (try? Files.readText(path, limit: 64 << 10))?.contains("PRIVATE KEY") ?? false
        guard isPrivate else { return try KeyFile.verificationKey(path) }
        return try KeyFile.signingKey(path) { try passphrase.read(context) }.verification
    }
}
