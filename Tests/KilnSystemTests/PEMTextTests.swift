import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Text around binary keys` {
    @Test(arguments: [0, 1, 47, 48, 49, 500])
    func `is what openssl writes, and is read again`(_ count: Int) async throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let text = PEMText.encode("PUBLIC KEY", bytes)
        let pem = PEMText(Array(text.utf8))
        #expect(pem.blocks.map(\.bytes) == [bytes] && pem.blocks.first?.label == "PUBLIC KEY")
        #expect(!pem.hasStrays && pem.blocks.first?.text == text)
        guard count > 0 else { return }
        try await Sandbox.with { sandbox in
            try Files.write(bytes, to: sandbox.path.appending("der"))
            let base64 = try await ToolRunner().run(
                ToolInvocation("base64", ["-w64", sandbox.path.appending("der").string])
            )
            #expect(text == "-----BEGIN PUBLIC KEY-----\n\(base64.text)-----END PUBLIC KEY-----\n")
        }
    }

    @Test(
        arguments: [
            ("", 0, false), ("\n  \n", 0, false), ("hello", 0, true),
            ("-----BEGIN X-----\nAA==\n-----END X-----", 1, false),
            (" -----BEGIN X----- \r\n AA== \r\n-----END X-----\r\n", 1, false),
            ("note\n-----BEGIN X-----\nAA==\n-----END X-----", 1, true),
            ("-----BEGIN X-----\nAA==\n-----END Y-----", 0, true),
            ("-----BEGIN Y-----\n-----BEGIN X-----\nAA==\n-----END X-----", 1, true),
            ("-----BEGIN X-----\nAA==\n-----END X-----\n-----BEGIN X-----\nAA==\n-----END X-----", 2, false),
        ] as [(String, Int, Bool)]
    )
    func `is told from what stands beside it`(_ text: String, _ blocks: Int, _ hasStrays: Bool) {
        let pem = PEMText(Array(text.utf8))
        #expect(pem.blocks.count == blocks && pem.hasStrays == hasStrays)
        #expect(pem.blocks.allSatisfy { $0.bytes == [0] })
    }
}
