import KilnArchive
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Reading ar archives` {
    /// As `ar` itself writes them, with names, sizes and fillers.
    @Test func `finds the members that ar wrote`() async throws {
        try await Sandbox.with { sandbox in
            let contents = ["odd": "12345", "even": "123456", "empty": ""]
            for (name, text) in contents { try sandbox.write(text, to: name) }
            let file = sandbox.path.appending("archive.a")
            try await ToolRunner().run(
                ToolInvocation(
                    "ar",
                    ["rcS", file.string, "odd", "even", "empty"],
                    workingDirectory: sandbox.path
                )
            )
            let archive = try #require(try ArArchive(file))
            #expect(archive.members.map(\.name) == ["odd", "even", "empty"])
            for member in archive.members {
                #expect(try Self.text(of: archive.source(of: member)) == contents[member.name])
            }
        }
    }

    @Test(
        arguments: [
            "", "!<arch>", "no archive at all", "!<arch>\nshort",
            "!<arch>\n" + String(repeating: "x", count: 60),
            "!<arch>\n" + header("beyond", size: "99"),
            "!<arch>\n" + header("negative", size: "-1"),
            "!<arch>\n" + header("", size: "0"),
        ]
    )
    func `takes nothing else for one`(_ text: String) async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write(text, to: "archive")
            #expect(try ArArchive(file) == nil)
        }
    }

    @Test func `never fails on damage, whatever it is`() async throws {
        try await Sandbox.with { sandbox in
            let sound = Array(("!<arch>\n" + header("debian-binary", size: "4") + "2.0\n").utf8)
            var dice = SystemRandomNumberGenerator()
            for _ in 0..<500 {
                var bytes = sound
                for _ in 0..<Int.random(in: 1...4, using: &dice) {
                    bytes[Int.random(in: 0..<bytes.count, using: &dice)] = .random(in: 0...255, using: &dice)
                }
                let file = sandbox.path.appending("damaged")
                try Files.write(Array(bytes.prefix(.random(in: 0...bytes.count, using: &dice))), to: file)
                guard let archive = try ArArchive(file) else { continue }
                for member in archive.members {
                    #expect(try Self.text(of: archive.source(of: member)) != nil)
                }
            }
        }
    }

    private static func text(of source: some ByteSource) throws -> String? {
        var source = source
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 3)
        while case let count = try piece.withUnsafeMutableBytes({ try source.read(into: $0) }), count > 0 {
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

private func header(_ name: String, size: String) -> String {
    func field(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: width - text.count)
    }
    return field(name, 16) + field("0", 12) + field("0", 6) + field("0", 6) + field("100644", 8)
        + field(size, 10) + "`\n"
}
