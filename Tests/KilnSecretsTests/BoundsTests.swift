import KilnSecrets
import KilnTestSupport
import Testing

@Suite struct `A search for secrets` {
    private static let token = "gl" + "pat-" + Tokens.body(20)

    /// Feeds the search a file in pieces of so many bytes.
    private static func feed(
        _ search: inout SecretSearch,
        _ path: String,
        _ content: [UInt8],
        pieces: Int = 1 << 16
    ) {
        guard search.begin(ScannedFile(path: path, size: Int64(content.count))) else { return }
        content.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: pieces) {
                search.take(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + pieces, bytes.count)]))
            }
        }
        search.end()
    }

    @Test func `reads what may hold one`() {
        var search = SecretSearch()
        let files = [
            ScannedFile(path: "opt/a.txt", size: 10), ScannedFile(path: "opt/empty", size: 0),
            ScannedFile(path: "opt/logo.png", size: 10), ScannedFile(path: "opt/large", size: 2 << 20),
        ]
        #expect(files.map { search.begin($0) } == [true, false, false, true])
    }

    @Test func `is bounded, and says so`() {
        var limits = SecretLimits()
        limits.findings = 3
        limits.findingsPerFile = 2
        var search = SecretSearch(SecretScanner(limits: limits))
        let text = Array(Array(repeating: Self.token, count: 9).joined(separator: "\n").utf8)
        for name in ["b", "a", "c"] { Self.feed(&search, name, text) }
        #expect(search.findings.count == 3 && search.isCut)
        #expect(search.sorted.map(\.path) == ["a", "b", "b"] && search.files == 3)
    }

    @Test func `counts texts that go on past what is looked at`() {
        var limits = SecretLimits()
        limits.fileSize = 20_000
        var search = SecretSearch(SecretScanner(limits: limits))
        let filler = [UInt8](repeating: 0x0A, count: 20_000)
        Self.feed(&search, "early", Array(Self.token.utf8) + filler)
        Self.feed(&search, "late", filler + Array(Self.token.utf8))
        Self.feed(&search, "fits", filler)
        Self.feed(&search, "binary", [0] + filler)
        #expect(search.tooLong == 2)
        #expect(search.findings.map(\.path) == ["early"])
    }

    /// The same as of the whole at once, wherever the windows and pieces end.
    @Test(arguments: 0..<20)
    func `finds in a long text what stands in it, each once and in its line`(seed: UInt64) {
        var numbers = SeededNumbers(seed)
        var text: [UInt8] = []
        var planted = 0
        // Every other text has lines that are longer than what windows share.
        let (longest, rarity) = seed.isMultiple(of: 2) ? (900, 8) : (9000, 1)
        while text.count < 200_000 {
            let (_, secret) = Samples.texts[Int.random(in: 0..<Samples.texts.count, using: &numbers)]
            if Int.random(in: 0..<rarity, using: &numbers) == 0 {
                (text, planted) = (text + [0x0A] + secret + [0x0A], planted + 1)
            }
            let length = Int.random(in: 0..<longest, using: &numbers)
            text += (0..<length).map { $0 % 71 == 70 ? 0x20 : 0x78 } + [0x0A]
        }
        var limits = SecretLimits()
        (limits.findings, limits.findingsPerFile) = (100_000, 100_000)
        (limits.window, limits.overlap) = (16_384, 4096)
        let scanner = SecretScanner(limits: limits)
        var search = SecretSearch(scanner)
        Self.feed(&search, "opt/x", text, pieces: Int.random(in: 1...40_000, using: &numbers))
        let whole = scanner.findings(in: ScannedFile(path: "opt/x", size: 1), text)
        #expect(planted > 20 && whole.count > 5)
        #expect(search.sorted == whole)
    }

    @Test func `looks as a whole at files whose parts mean something together`() {
        var limits = SecretLimits()
        (limits.findings, limits.findingsPerFile) = (10_000, 10_000)
        (limits.window, limits.overlap, limits.wholeSize) = (16_384, 4096, 65_536)
        let row = "db.example:5432:shop:ann:Tr0ub4dor-and-3\n"
        var search = SecretSearch(SecretScanner(limits: limits))
        Self.feed(&search, "root/.pgpass", Array(String(repeating: row, count: 1000).utf8), pieces: 1000)
        #expect(search.findings.count == 1000 && search.tooLong == 0)
        #expect(Set(search.findings.map(\.fingerprint)).count == 1000, "each by its own line")
        Self.feed(&search, "srv/.pgpass", Array(String(repeating: row, count: 2000).utf8), pieces: 1000)
        #expect(search.tooLong == 1)
    }

    @Test func `wants no more of a binary file, nor past its limit`() {
        func pieces(_ first: UInt8) -> Int {
            var limits = SecretLimits()
            limits.fileSize = 100_000
            var search = SecretSearch(SecretScanner(limits: limits))
            guard search.begin(ScannedFile(path: "var/lib/db", size: 1 << 40)) else { return 0 }
            let piece = [first] + [UInt8](repeating: 0x0A, count: 9_999)
            return (1...1000).first { _ in piece.withUnsafeBytes { !search.take($0) } } ?? 0
        }
        #expect(pieces(0) == 1)
        #expect(pieces(0x0A) == 11)
    }

    @Test func `finds what stands in a line that is longer than a window`() {
        let filler = String(repeating: "x ", count: 1_500_000)
        var search = SecretSearch()
        Self.feed(&search, "opt/x", Array((filler + Self.token + " " + filler).utf8))
        #expect(search.findings.map(\.line) == [1])
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
