import KilnDiagnostics
import KilnSystem
import Testing

@testable import KilnLock

/// What apt's sources, answers and packages may hold once they are damaged: a value, nothing or an error.
@Suite struct `Damaged words of archives` {
    private static let sources = """
        # comment
        Types: deb deb-src
        URIs: http://archive.example/debian https://user:secret@mirror.example/debian
        Suites: bookworm bookworm-updates
        Components: main
        Signed-By:
         -----BEGIN PGP PUBLIC KEY BLOCK-----
         .
         mDMEYCQjIxYJKwYBBAHaRw8BAQdAD/P5Nvvnvk66SxBBHDbhRml9ORg1WV5CvzKY
        Enabled: no

        deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://a/debian bookworm main contrib

        """
    private static let answers = """
        E: Unable to locate package nonesuch
        W: GPG error: http://a bookworm InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 0E98404D386FA1D9
        The following packages have unmet dependencies:
         a : Depends: b (>= 2) but 1 is to be installed
             Conflicts: c
        E: Unable to correct problems, you have held broken packages.

        """

    @Test(arguments: 1...20)
    func `are read, or passed over`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let text = Self.damaged(Self.sources, &generator)
            for paragraph in Deb822Paragraph.parse(text) { #expect(!paragraph.fields.isEmpty) }
            _ = AptSourceList.parseDeb822(text)
            _ = AptSourceList.parseOneLine(text)
            #expect(!AptMessages.withoutPasswords(Self.sources).contains("secret"))
            let answer = Self.damaged(Self.answers, &generator)
            _ = AptMessages.updateFailure(answer)
            _ = AptMessages.solveFailure(output: answer, errors: answer)
            _ = AptMessages.complaints(answer)
            let head = Array(
                Self.damaged(
                    "!<arch>\ndebian-binary   1700000000  0     0     100644  4         `\n2.0\n",
                    &generator
                ).utf8
            )
            if let time = DebianPackage.buildTime(inHead: head) { #expect(time >= 0) }
        }
    }

    private static func damaged(_ text: String, _ generator: inout SeededGenerator) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<(generator.next() % 6 + 1) where !bytes.isEmpty {
            let place = Int(generator.next() % UInt64(bytes.count))
            switch generator.next() % 4 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + 7))
            case 2: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
            default:
                bytes.insert(
                    contentsOf: [":", "\n", " ", "\r\n", "'", "\t"].randomElement(using: &generator).map {
                        Array($0.utf8)
                    } ?? [],
                    at: place
                )
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
