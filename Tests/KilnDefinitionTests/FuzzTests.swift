import Glibc
import KilnDefinition
import KilnDiagnostics
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// SplitMix64: the same seed gives the same numbers everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct `Damaged definitions` {
    private static let fragments = [
        ":", ": ", "- ", "\n", "\n  ", "\t", "{", "}", "[", "]", ",", "\"", "'", "#", " #", "&a ", "*a",
        "!!str ", "? ",
        "|", ">-\n", "---\n", "...", "%YAML 1.2\n", "~", "null", "\\", "\u{0}", "\u{FEFF}", "é", "𝔄", "👩‍👩‍👧",
        "\r", "\r\n",
        "\u{2028}", "0", "-1", "1e9", "99999999999999999999", "image:", "from", "kiln: 1\n", "<<: ", "@", "`",
        "%",
        "images:\n", "\u{E000}", "\"\\x", "\"\\u",
    ]

    @Test(arguments: 0..<8)
    func `reading never crashes, and errors lie in the file`(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let sources = [
            try Files.readText(Golden.directory().appending("full.yaml")),
            DefinitionSchema.annotatedExample(),
            DefinitionTemplate(codename: "bookworm").files[0].content,
        ]
        for _ in 0..<150 {
            guard var text = sources.randomElement(using: &generator) else { continue }
            for _ in 0..<Int.random(in: 1...4, using: &generator) { Self.damage(&text, &generator) }
            try expectVerdict(on: text)
        }
    }

    @Test(arguments: 0..<4)
    func `soup of tokens`(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(1000 + seed))
        for _ in 0..<300 {
            let words = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                Self.fragments.randomElement(using: &generator) ?? ""
            }
            try expectVerdict(on: words.joined())
        }
    }

    private func expectVerdict(on text: String) throws {
        do {
            _ = try DefinitionReader.read(SourceText(name: "kiln.yaml", text: text), directory: "/x")
        } catch let failure as DiagnosticFailure {
            #expect(!failure.diagnostics.isEmpty)
            for diagnostic in failure.diagnostics where diagnostic.code != "definition.more" {
                try expectInside(diagnostic)
            }
            #expect(failure.diagnostics.first?.severity == .error)
        }
    }

    private static func damage(_ text: inout String, _ generator: inout SeededGenerator) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let row = Int.random(in: 0..<lines.count, using: &generator)
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: lines.remove(at: row)
        case 1: lines.insert(lines[row], at: row)
        case 2: lines.swapAt(row, Int.random(in: 0..<lines.count, using: &generator))
        case 3:
            lines[row] = String(repeating: " ", count: Int.random(in: 0...8, using: &generator)) + lines[row]
        default:
            var scalars = Array(lines[row].unicodeScalars)
            let at = Int.random(in: 0...scalars.count, using: &generator)
            let fragment = Array((fragments.randomElement(using: &generator) ?? "").unicodeScalars)
            let end = min(scalars.count, at + Int.random(in: 0...3, using: &generator))
            scalars.replaceSubrange(at..<end, with: fragment)
            lines[row] = String(String.UnicodeScalarView(scalars))
        }
        text = lines.joined(separator: "\n")
    }
}

@Suite struct `Large definitions` {
    @Test func `500 lines are read within 100 ms`() throws {
        var text = "kiln: 1\nimages:\n"
        for index in 0..<62 {
            text += """
                  image-\(index):
                    from: \(index == 0 ? "scratch" : "image:image-\((index - 1) / 2)")
                    version: 1.\(index)
                    env: {A: "1", B: two}
                    entrypoint: [/app, --number, \(index)]
                    files:
                      - {source: app-\(index), target: /app}
                    ports: {http: \(8000 + index)}

                """.split(separator: "\n").map { "  \($0)\n" }.joined()
        }
        #expect(text.split(separator: "\n").count >= 498)
        _ = try definition(text)
        let best = try (0..<5).map { _ in try processorTime { _ = try definition(text) } }.min()
        #expect(try #require(best) < .milliseconds(100))
    }

    @Test func `many errors are told up to a limit`() throws {
        let text =
            "kiln: 1\nimages:\n  a:\n    from: scratch\n" + (0..<300).map { "    bad\($0): 1\n" }.joined()
        let error = #expect(throws: DiagnosticFailure.self) { try definition(text) }
        let diagnostics = try #require(error?.diagnostics)
        #expect(diagnostics.count == 101)
        #expect(diagnostics.last?.message == "200 more errors are not shown")
    }

    /// As large as the limit on a file's size allows, each with the work in another place.
    static let hostile: [(name: String, text: String)] = {
        let chain = "kiln: 1\nimages:\n" + (0..<3000).map { "  i\($0): {from: image:i\($0 + 1)}\n" }.joined()
        let state = (0..<8000).map { "{path: /a/b\($0), tmpfs: 1}" }.joined(separator: ", ")
        return [
            ("items", "kiln: 1\nx: [" + String(repeating: "a,", count: 500_000) + "]\n"),
            ("brackets", "kiln: 1\nx: " + String(repeating: "[", count: 500_000)),
            ("keys", "kiln: 1\n" + (0..<60_000).map { "k\($0): 1\n" }.joined()),
            ("chain", chain),
            ("circle", chain + "  i3000: {from: image:i0}\n"),
            ("one line", "kiln: 1\nimages: {a: {from: scratch, x: 1, state: [\(state)]}}\n"),
            ("word", "kiln: 1\n" + String(repeating: "a", count: 900_000) + ": 1\n"),
            ("duplicates", "kiln: 1\n" + (0..<30_000).map { "k\($0 % 15_000): 1\n" }.joined()),
        ]
    }()

    @Test(arguments: hostile.map(\.name))
    func `the largest files that are taken end soon`(name: String) throws {
        let text = try #require(Self.hostile.first { $0.name == name }?.text)
        let time = processorTime { #expect(rendered(text) != nil) }
        #expect(time < .seconds(10))
    }
}

/// What the body takes of this thread's processor time: the wall clock also counts what else the machine does.
private func processorTime(_ body: () throws -> Void) rethrows -> Duration {
    func now() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    let start = now()
    try body()
    return now() - start
}
