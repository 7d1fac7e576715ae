import ArgumentParser
import KilnAttest
import KilnSystem
import SystemPackage

/// Where the passphrase of a private key comes from. Never an argument: others would see it.
struct PassphraseOptions: ParsableArguments {
    static let variable = "KILN_KEY_PASSPHRASE"

    @Option(
        help: ArgumentHelp(
            "The file whose first line is the passphrase ($KILN_KEY_PASSPHRASE without it).",
            valueName: "file"
        )
    )
    var passphraseFile: String?

    /// nil when neither is given.
    func read(_ context: CommandContext) throws -> [UInt8]? {
        let text: String
        if let passphraseFile {
            let bytes = try Files.read(FilePath(passphraseFile), limit: 4096)
            text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != 13 }, as: UTF8.self)
        } else if let value = context.environment[Self.variable] {
            text = value
        } else {
            return nil
        }
        guard !text.isEmpty else { throw AttestError(.passphrase, "the passphrase is empty") }
        return Array(text.utf8)
    }

    func require(_ context: CommandContext) throws -> [UInt8] {
        if let passphrase = try read(context) { return passphrase }
        throw AttestError(
            .passphrase,
            "a private key is kept under a passphrase, and there is none",
            hint: "name a file with it: --passphrase-file FILE; or set \(Self.variable)"
        )
    }
}
