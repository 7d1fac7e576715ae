import KilnSystem
import Testing

@Suite struct `Splitting output into lines` {
    @Test(arguments: [
        ("", []), ("\n", [""]), ("a\nb\n", ["a", "b"]), ("a\n\nb", ["a", "", "b"]), ("no end", ["no end"]),
        ("carriage\r\n", ["carriage\r"]),
    ])
    func `keeps each line`(_ text: String, _ lines: [String]) {
        #expect(split(Array(text.utf8), pieces: 1) == lines)
        #expect(split(Array(text.utf8), pieces: 1000) == lines)
    }

    @Test(arguments: [1, 7, 4096, 100_000])
    func `does not depend on how the bytes come`(_ pieces: Int) {
        let text = (0..<2000).map { "line \($0) \(String(repeating: "ä€😀", count: $0 % 90))" }
        #expect(split(Array(text.joined(separator: "\n").utf8), pieces: pieces) == text)
    }

    @Test(arguments: ["x", "ä", "€", "😀"])
    func `cuts a line without end between characters`(_ character: String) {
        let text = "." + String(repeating: character, count: 3 * LineSplitter.longest / character.utf8.count)
        let parts = split(Array(text.utf8), pieces: 5000)
        #expect(parts.count == 4)
        #expect(parts.allSatisfy { $0.utf8.count <= LineSplitter.longest })
        #expect(parts.joined() == text)
    }

    @Test func `passes over what is no text`() {
        let bytes = [UInt8](repeating: 0xBF, count: LineSplitter.longest * 2 + 5)
        #expect(split(bytes, pieces: 999).joined().allSatisfy { $0 == "\u{FFFD}" })
    }

    @Test func `hands over a line longer than a pipe holds`() async throws {
        var seen: [String] = []
        let status = try await ToolRunner().stream(
            ToolInvocation("sh", ["-c", "head -c 300000 /dev/zero | tr '\\0' x; echo; echo end"])
        ) { seen.append($0) }
        #expect(status == .exited(0))
        #expect(seen.last == "end")
        #expect(seen.dropLast().joined().utf8.count == 300_000)
    }

    private func split(_ bytes: [UInt8], pieces: Int) -> [String] {
        var splitter = LineSplitter()
        var lines: [String] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            lines += splitter.split(Array(rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
        }
        return lines + [splitter.rest()].compactMap { $0 }
    }
}
