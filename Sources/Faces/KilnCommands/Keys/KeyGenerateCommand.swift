import ArgumentParser
import KilnAttest
import KilnOCI
import SystemPackage

struct KeyGenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make a pair of keys: PREFIX.key to sign with, PREFIX.pub to verify with.",
        discussion: """
            Both files are for their owner alone, and nothing is written over. Keep the private key and its passphrase apart; commit \
            the public one beside the definition.

            Examples:

              KILN_KEY_PASSPHRASE=$(openssl rand -base64 24) kiln key generate --out shop-ci
              kiln key generate --out keys/shop-ci --passphrase-file /run/secrets/key-passphrase
            """
    )

    @Option(help: "What the names of the files begin with.")
    var out = "kiln"

    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let secret = try passphrase.require(context)
        let pair = KeyFile.Pair(prefix: FilePath(out))
        let key = SigningKey()
        try KeyFile.write(key, pair, passphrase: secret)
        let fingerprint = key.verification.fingerprint
        if format.format == .json {
            return try context.resultJSON(
                KeyReport(
                    fingerprint: fingerprint,
                    privateKey: pair.privateKey.string,
                    publicKey: pair.publicKey.string
                )
            )
        }
        context.console.result(fingerprint.description)
        context.console.message(
            "\(pair.privateKey) signs, \(pair.publicKey) verifies; commit the second, never the first"
        )
    }
}

struct KeyReport: Encodable {
    /// sha256 over SubjectPublicKeyInfo.
    let fingerprint: Digest
    var privateKey: String?
    var publicKey: String?
}
