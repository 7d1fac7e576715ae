import ArgumentParser

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make keys that images are signed with, and tell which is which.",
        discussion: """
            Keys are ECDSA over P-256. The private one is PKCS #8 under a passphrase, which openssl reads and makes too; the public \
            one is what cosign and openssl verify with. A passphrase comes from a file or a variable, never from the command line.
            """,
        subcommands: [KeyGenerateCommand.self, KeyShowCommand.self]
    )
}
