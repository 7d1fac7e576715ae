import KilnSecrets
import KilnTestSupport
import Testing

@Suite struct `A search for secrets` {
    private static let token = "gl" + "pat-" + Tokens.body(20)

    @Test func `reads what may hold one, and counts what is too long`() {
        var search = SecretSearch()
        let files = [
            ScannedFile(path: "opt/a.txt", size: 10), ScannedFile(path: "opt/empty", size: 0),
            ScannedFile(path: "opt/logo.png", size: 10), ScannedFile(path: "opt/large", size: 2 << 20),
        ]
        #expect(files.map { search.wants($0) } == [true, false, false, false])
        #expect(search.tooLong == 1)
    }

    @Test func `is bounded, and says so`() {
        var limits = SecretLimits()
        limits.findings = 3
        limits.findingsPerFile = 2
        var search = SecretSearch(SecretScanner(limits: limits))
        let text = Array(Array(repeating: Self.token, count: 9).joined(separator: "\n").utf8)
        for name in ["b", "a", "c"] { search.take(ScannedFile(path: name, size: 1), text) }
        #expect(search.findings.count == 3 && search.isCut)
        #expect(search.sorted.map(\.path) == ["a", "b", "b"] && search.files == 3)
    }

    @Test func `looks into no binary file`() {
        #expect(Tokens.found("\u{0}" + Self.token).isEmpty)
        #expect(Tokens.found(Self.token).count == 1)
    }

    /// Files that say something at every place that is looked for, broken at random.
    @Test func `stands whatever a file holds`() {
        var numbers = SeededNumbers(21)
        let seeds = Samples.texts
        var found = 0
        for round in 0..<4000 {
            var (path, bytes) = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 0...6, using: &numbers) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &numbers)
                switch Int.random(in: 0...3, using: &numbers) {
                case 0: bytes[place] = UInt8.random(in: 1...255, using: &numbers)
                case 1: bytes.removeSubrange(place...)
                case 2: bytes.insert(contentsOf: bytes[place...].prefix(20), at: 0)
                default: bytes.remove(at: place)
                }
            }
            found += SecretScanner().findings(in: ScannedFile(path: path, size: 1), bytes).count
        }
        #expect(found > 1000)
    }
}

private enum Samples {
    static let texts: [(String, [UInt8])] =
        `Tokens of services`.forms.map { ("opt/x", Array("a = \($0.1)\n".utf8)) }
        + `Files of credentials`.cases.map { ($0.path, Array($0.text.utf8)) }
        + [
            (
                "k",
                Array(
                    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n"
                        .utf8
                )
            )
        ]
}
