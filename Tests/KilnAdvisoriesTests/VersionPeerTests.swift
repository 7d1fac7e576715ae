import KilnAdvisories
import KilnSystem
import SystemPackage
import Testing

/// Orders held against the tools that define them, over versions made of what matters to each, from a fixed seed.
@Suite struct `Orders among their peers` {
    private static func pairs(
        _ seed: UInt64,
        _ count: Int,
        _ make: (inout SeededNumbers) -> String
    ) -> [(String, String)] {
        var numbers = SeededNumbers(seed)
        return (0..<count).map { _ in
            let left = make(&numbers)
            // Near ones tell more than any two.
            guard Bool.random(using: &numbers), left.count > 1 else { return (left, make(&numbers)) }
            var right = Array(left)
            let place = Int.random(in: 1..<right.count, using: &numbers)
            right[place] = Array(make(&numbers)).last ?? "1"
            return (left, String(right))
        }
    }

    /// Compares what the peer says, line by line, with ours. `?` is a version that the peer does not take.
    private static func expectAgreement(
        _ said: [String],
        _ pairs: [(String, String)],
        _ scheme: VersionScheme,
        atLeast: Int
    ) {
        #expect(said.count == pairs.count)
        var compared = 0
        var wrong: [String] = []
        for (line, pair) in zip(said, pairs) where line != "?" {
            let ours = relation(pair.0, pair.1, scheme)
            compared += 1
            if ours != line { wrong.append("\(pair.0) \(line) \(pair.1), not \(ours ?? "?")") }
        }
        #expect(wrong.prefix(10) == [], "\(wrong.count) of \(compared)")
        #expect(compared >= atLeast)
    }

    private static func input(_ pairs: [(String, String)]) -> String {
        pairs.map { "\($0.0) \($0.1)\n" }.joined()
    }

    @Test(.enabled(if: Peers.has("dpkg"), "needs dpkg"))
    func `Debian's is dpkg's`() async throws {
        let alphabet = Array("0019a~+.-:zZ")
        var pairs = Self.pairs(1, 500) { "1" + $0.text(alphabet, 0...7) }
        pairs += [
            ("1.0~~", "1.0~"), ("1.0~rc1", "1.0"), ("1.0", "1.0-1"), ("1:0.9", "2.0"), ("1.0-1", "1.0-1+b1"),
            ("5.6.1+really5.4.5-1", "5.6.1-1"), ("1.0+dfsg-1", "1.0-1"),
            ("2.36-9+deb12u10", "2.36-9+deb12u9"),
            ("1.0a", "1.0+"), ("007", "7"), ("1.0", "1.0-0"), ("1.", "1.0"), ("0", "0.1"), ("0", "00"),
        ]
        let script = """
            while read -r a b; do
              if dpkg --compare-versions "$a" lt "$b" 2>/tmp/kiln-dpkg-$$; then r='<'
              elif dpkg --compare-versions "$a" eq "$b" 2>/dev/null; then r='='; else r='>'; fi
              [ -s /tmp/kiln-dpkg-$$ ] && r='?'
              printf '%s\\n' "$r"
            done; rm -f /tmp/kiln-dpkg-$$
            """
        let said = try await Peers.lines("sh", ["-c", script], input: Self.input(pairs))
        Self.expectAgreement(said, pairs, .debian, atLeast: 250)
    }

    private static let python = """
        import sys
        from packaging.version import Version, InvalidVersion
        for line in sys.stdin:
            a, b = line.split()
            try: a, b = Version(a), Version(b)
            except InvalidVersion: print("?"); continue
            print("<" if a < b else "=" if a == b else ">")
        """

    /// Python's versions with each part in its place, which differ in one of them more often than not.
    private static func whole() -> [(String, String)] {
        let parts = [
            ["1", "1.0", "1.1"], ["", "a1", "b2", "rc1", "rc2"], ["", ".post1", ".post2"],
            ["", ".dev0", ".dev3"], ["", "", "+a.1", "+1"],
        ]
        var numbers = SeededNumbers(7)
        return (0..<600).map { _ in
            let left = parts.map { $0.randomElement(using: &numbers) ?? "" }
            let right = zip(left, parts).map { kept, choice in
                Bool.random(using: &numbers) ? kept : choice.randomElement(using: &numbers) ?? ""
            }
            return (left.joined(), right.joined())
        }
    }

    @Test(.enabled(if: Files.exists("/usr/lib/python3/dist-packages/packaging"), "needs python3-packaging"))
    func `Python's is packaging's`() async throws {
        let parts = [
            "a1", "b2", "rc1", ".post1", "-1", ".dev0", ".dev3", "+local.1", "+a1", "c", "alpha", ".0", ".1",
            ".10", "1!", "_rev2", "-beta.3", "+1.a", ".preview",
        ]
        var pairs = Self.pairs(2, 900) { numbers in
            let head =
                ["1", "1.0", "v1.2", "0", "2!1", "1.0.0", "10.2"].randomElement(using: &numbers) ?? "1"
            return head
                + (0..<Int.random(in: 0...4, using: &numbers)).compactMap { _ in
                    parts.randomElement(using: &numbers)
                }.joined()
        }
        pairs += Self.whole()
        let said = try await Peers.lines("/usr/bin/python3", ["-c", Self.python], input: Self.input(pairs))
        Self.expectAgreement(said, pairs, .python, atLeast: 700)
        for (line, pair) in zip(said, pairs) where line == "?" {
            #expect(relation(pair.0, pair.1, .python) == nil, "\(pair) is no version to packaging")
        }
    }

    private static let rpm = """
        import rpm, sys
        def evr(v):
            e, _, r = v.partition(":") if ":" in v else ("0", "", v)
            v, _, r = r.rpartition("-") if "-" in r else (r, "", "")
            return (e, v, r)
        for line in sys.stdin:
            a, b = line.split()
            print({-1: "<", 0: "=", 1: ">"}[rpm.labelCompare(evr(a), evr(b))])
        """

    @Test(.enabled(if: Files.exists("/usr/lib/python3/dist-packages/rpm"), "needs python3-rpm"))
    func `RPM's is rpm's`() async throws {
        let alphabet = Array("0019aZ~^.+_")
        var pairs = Self.pairs(3, 900) { numbers in
            "1" + numbers.text(alphabet, 0...6)
                + (Bool.random(using: &numbers) ? "-1" + numbers.text(alphabet, 0...3) : "")
        }
        pairs += [
            ("1:1", "2"), ("1.0^", "1.0"), ("1.0^20210501", "1.0.1"), ("1.0~rc1^git1", "1.0~rc1"),
            ("2.0.1a", "2.0.1"),
        ]
        let said = try await Peers.lines("/usr/bin/python3", ["-c", Self.rpm], input: Self.input(pairs))
        Self.expectAgreement(said, pairs, .rpm, atLeast: 800)
    }

    private static let ruby = """
        require 'rubygems'
        STDIN.each_line do |line|
          a, b = line.split
          begin a, b = Gem::Version.new(a), Gem::Version.new(b) rescue (puts '?'; next) end
          puts({-1 => '<', 0 => '=', 1 => '>'}[a <=> b])
        end
        """

    @Test(.enabled(if: Peers.has("ruby"), "needs ruby"))
    func `RubyGems' is its own`() async throws {
        let alphabet = Array("0019ab..-")
        let pairs = Self.pairs(4, 1500) { "1" + $0.text(alphabet, 0...7) }
        let said = try await Peers.lines("ruby", ["-e", Self.ruby], input: Self.input(pairs))
        Self.expectAgreement(said, pairs, .rubyGems, atLeast: 300)
    }

    static let semver = ["/usr/lib/node_modules/npm/node_modules/semver", "/usr/share/nodejs/semver"].first {
        Files.exists(FilePath($0))
    }

    @Test(.enabled(if: Peers.has("node") && semver != nil, "needs node and node-semver"))
    func `npm's is node-semver's`() async throws {
        let parts = ["-a", "-0", "-1", "-rc.1", "-a.b", "-a.1", "-10", "+build", "-a-b", "-1a", ".1"]
        let pairs = Self.pairs(5, 900) { numbers in
            let head =
                ["1.2.3", "1.2.4", "0.0.1", "10.0.0", "v1.2.3"].randomElement(using: &numbers) ?? "1.0.0"
            return head
                + (0..<Int.random(in: 0...2, using: &numbers)).compactMap { _ in
                    parts.randomElement(using: &numbers)
                }.joined()
        }
        let script = """
            const s = require(process.argv[1]); const say = {'-1': '<', '0': '=', '1': '>'};
            for (const l of require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean)) {
              const [a, b] = l.split(' '); console.log(s.valid(a) && s.valid(b) ? say[s.compare(a, b)] : '?');
            }
            """
        let said = try await Peers.lines("node", ["-e", script, Self.semver ?? ""], input: Self.input(pairs))
        Self.expectAgreement(said, pairs, .npm, atLeast: 400)
    }

    private static let ranges = [
        "*", "", "1", "1.2", "1.2.x", "1.x", "=1.2.3", "^1.2.3", "^0.2.3", "^0.0.3", "^1.2.3-beta.2",
        "^0.x", "^0.0", "^0.1.x", "^1",
        "~1.2.3", "~1.2", "~1", "~0.2.3", "~1.2.3-beta.2", "~> 1.2", ">=1.2.3 <2", "> 1.2", ">1", ">=1",
        "<=1.2", "<1.2", "<1", ">=1.2.3-0",
        "1.2.3 - 2.3.4", "1.2 - 2.3", "1.2.3 - 2", "1.2.3 || 2.x",
        "<1.0.0 || >=2.3.1 <2.4.5 || >=2.5.2 <3.0.0", "= 1.2.3", ">= 1.2.3 < 1.4.0",
        "<=v2.0.0-rc1", "2.0.x || 2.1.x", ">=1.0.0 <2.0.0 || 3", ">1.2.3 <1.2.3", "0.0.0", "<0.0.0-0",
        "^0.0.0", "~0.0",
    ]
    private static let versions = [
        "0.0.0", "0.0.0-0", "0.0.1", "0.0.3", "0.0.4", "0.1.0", "0.1.9", "0.2.0", "0.2.3", "0.3.0-0",
        "0.3.0", "1.0.0-alpha", "1.0.0", "1.1.9", "1.2.0-0", "1.2.0",
        "1.2.3-0", "1.2.3-beta.1", "1.2.3-beta.2", "1.2.3-beta.4", "1.2.3", "1.2.4-beta", "1.2.4",
        "1.3.0-0", "1.3.0", "1.4.0", "2.0.0-0", "2.0.0-rc1", "2.0.0", "2.1.5",
        "2.3.1", "2.3.4", "2.4.0-0", "2.4.0", "2.5.2", "3.0.0-0", "3.0.0", "3.9.9", "4.0.0",
    ]

    @Test(.enabled(if: Peers.has("node") && semver != nil, "needs node and node-semver"))
    func `npm's ranges are node-semver's`() async throws {
        let script = """
            const s = require(process.argv[1]); const [r, v] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
            for (const a of r) for (const b of v)
              console.log(`${a} ${b} ${s.satisfies(b, a)}`);
            """
        func list(_ texts: [String]) -> String {
            "[" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        }
        let said = try await Peers.lines(
            "node",
            ["-e", script, Self.semver ?? ""],
            input: "[\(list(Self.ranges)),\(list(Self.versions))]"
        )
        #expect(said.count == Self.ranges.count * Self.versions.count)
        var wrong: [String] = []
        var lines = said[...]
        for range in Self.ranges {
            let parsed = try NpmRange(parsing: range)
            for version in Self.versions {
                let line = "\(range) \(version) \(try parsed.contains(version))"
                let found = lines.popFirst() ?? ""
                if found != line { wrong.append(found) }
            }
        }
        #expect(wrong.prefix(10) == [])
    }

    private static let mavenJar = "/usr/share/java/maven-artifact-3.x.jar"

    /// Maven 3 does not order all versions totally, which 4 mended; those that people use are ordered alike.
    @Test(
        .enabled(
            if: Peers.has("java") && Files.exists(FilePath(mavenJar)),
            "needs java and libmaven3-core-java"
        )
    )
    func `Maven's is Maven's`() async throws {
        let qualifiers = [
            "", "-alpha-1", "-alpha1", "-beta2", "-rc1", "-RC2", "-M3", "-SNAPSHOT", ".Final", "-jre", "-sp1",
            ".GA", "-1", "-2", "-cr1", "-android", "-rc-1",
        ]
        var numbers = SeededNumbers(6)
        var versions: [String] = []
        for _ in 0..<400 {
            let length = Int.random(in: 1...4, using: &numbers)
            // Zeros in front of a word are where Maven 3 is at odds with itself.
            let release = (0..<length).map { _ in String(Int.random(in: 1...12, using: &numbers)) }.joined(
                separator: "."
            )
            versions.append(release + (qualifiers.randomElement(using: &numbers) ?? ""))
        }
        let classPath = [
            Self.mavenJar, "/usr/share/java/commons-lang3.jar", "/usr/share/java/plexus-utils2.jar",
        ].joined(separator: ":")
        let said = try await Peers.lines(
            "java",
            ["-cp", classPath, "org.apache.maven.artifact.versioning.ComparableVersion"] + versions
        )
        var compared = 0
        for line in said where line.hasPrefix("   ") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3 else { continue }
            compared += 1
            let expected = words[1] == "==" ? "=" : words[1]
            #expect(relation(words[0], words[2], .maven) == expected, "\(line)")
        }
        #expect(compared == versions.count - 1)
    }
}
