import KilnAdvisories
import Testing

@Suite struct `Ranges of versions` {
    private static func holds(
        _ events: [RangeEvent],
        _ version: String,
        _ scheme: VersionScheme = .semantic
    ) throws -> Bool {
        let key = try scheme.key(of: version)
        return try RangeEvents.intervals(events, scheme: scheme).contains { $0.contains(key) }
    }

    @Test(arguments: [
        ("0.9.9", false), ("1.0.0", true), ("1.9.9", true), ("2.0.0", false), ("3.0.0", false),
        ("3.1.0-rc.1", false), ("3.1.0", true), ("99.0.0", true),
    ])
    func `are held from what introduced to what fixed`(_ version: String, _ expected: Bool) throws {
        let events: [RangeEvent] = [.introduced("3.1.0"), .fixed("2.0.0"), .introduced("1.0.0")]
        #expect(try Self.holds(events, version) == expected)
    }

    @Test func `from zero mean every version, also those before it`() throws {
        #expect(try Self.holds([.introduced("0"), .fixed("1.0")], "0.0.0-alpha"))
        #expect(try Self.holds([.introduced("0"), .fixed("1.0")], "0~~", .debian))
    }

    @Test func `end with what was affected last, or before a limit`() throws {
        #expect(try Self.holds([.introduced("1.0.0"), .lastAffected("1.5.0")], "1.5.0"))
        #expect(try !Self.holds([.introduced("1.0.0"), .lastAffected("1.5.0")], "1.5.1"))
        #expect(try Self.holds([.introduced("1.0.0"), .limit("*")], "7.0.0"))
        #expect(try !Self.holds([.introduced("1.0.0"), .limit("2.0.0")], "2.0.0"))
    }

    @Test func `of which a version cannot be read are an error`() {
        #expect(throws: VersionSyntaxError.self) {
            try Self.holds([.introduced("0"), .fixed("0.2.0-n653")], "1", .python)
        }
    }

    @Test(arguments: [
        ("^1.2.3", "1.9.0", true), ("1.2.3", "1.9.0", true), ("1.2.3", "2.0.0", false),
        ("0.2.3", "0.3.0", false), ("~1.2", "1.2.9", true), ("~1.2", "1.3.0", false),
        (">= 0.6.1, < 0.7.0", "0.6.5", true), (">= 0.6.1, < 0.7.0", "0.7.0", false),
        ("< 0.10.0-alpha.1, >= 0.9.5", "0.10.0-alpha.0", true), ("=0.2.0", "0.2.0", true),
        ("=0.2.0", "0.2.1", false),
        ("> 0.8.1", "0.8.1", false), ("> 0.8.1", "0.8.2", true), ("> 0", "0.9.0", false),
        ("> 0", "1.0.0", true), (">=0", "0.0.1", true), ("*", "4.0.0", true), ("1.*", "1.4.0", true),
        ("^2.0.0", "3.0.0-beta.1", false),
    ])
    func `Cargo's are the Cargo Book's`(_ requirement: String, _ version: String, _ expected: Bool) throws {
        let interval = try CargoRequirement(parsing: requirement).interval
        #expect(interval?.contains(try VersionScheme.semantic.key(of: version)) == expected)
    }

    @Test(arguments: ["1.2.3.4", "^", ">=", "1.2.3 abc!", "||x1", ">=a", "1.2.3 - ", "9007199254740993.0.0"])
    func `npm's that are none are errors`(_ text: String) {
        #expect(throws: VersionSyntaxError.self) { try NpmRange(parsing: text) }
    }

    @Test func `are read or refused whatever they say`() {
        var numbers = SeededNumbers(11)
        let alphabet = Array("0129x*.<>=~^|-v ,a+ \u{0}é")
        for _ in 0..<5000 {
            let text = numbers.text(alphabet, 0...16)
            _ = try? NpmRange(parsing: text).contains("1.2.3")
            _ = try? CargoRequirement(parsing: text)
        }
    }
}
