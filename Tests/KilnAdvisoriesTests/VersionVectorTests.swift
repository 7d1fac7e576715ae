import KilnAdvisories
import Testing

/// Orders by the vectors that their own tests publish (facts; in a layout of our own).
@Suite struct `Orders by their published vectors` {
    /// `test/unit/version.data` of apk-tools: pairs in their order, versions, and `!` before what is none.
    @Test func `Alpine's has the order of apk-tools`() throws {
        let rows = try Fixtures.text("apk-version.data.zst").split(separator: "\n")
        #expect(rows.count > 600)
        for row in rows {
            let words = row.split(separator: " ").map(String.init)
            if words.count == 3 {
                #expect(relation(words[0], words[2], .alpine) == words[1], "\(row)")
            } else if row.hasPrefix("!") {
                #expect(throws: VersionSyntaxError.self, "\(row)") {
                    try Version(.alpine, parsing: String(row.dropFirst()))
                }
            } else {
                #expect(throws: Never.self, "\(row)") { try Version(.alpine, parsing: words[0]) }
            }
        }
        #expect(relation("1.0~abc1", "1.0", .alpine) == ">")
        for text in ["23_foo", "1.0bc", "1..2", "1.0-1", "1.0~"] {
            #expect(throws: VersionSyntaxError.self, "\(text)") { try Version(.alpine, parsing: text) }
        }
    }

    private static let maven = [
        [
            "1-alpha2snapshot", "1-alpha2", "1-alpha-123", "1-beta-2", "1-beta123", "1-m2", "1-m11", "1-rc",
            "1-cr2", "1-rc123",
            "1-SNAPSHOT", "1", "1-sp", "1-sp2", "1-sp123", "1-abc", "1-def", "1-pom-1", "1-1-snapshot", "1-1",
            "1-2", "1-123",
        ],
        [
            "2.0", "2.0.a", "2-1", "2.0.2", "2.0.123", "2.1.0", "2.1-a", "2.1b", "2.1-c", "2.1-1", "2.1.0.1",
            "2.2", "2.123", "11.a2", "11.a11",
            "11.b2", "11.b11", "11.m2", "11.m11", "11", "11.a", "11b", "11c", "11m",
        ],
        ["6.1.0rc3", "6.1.0", "6.1H.5-beta"],
        [
            "20190126.230843", "1234567890.12345", "123456789012345.1H.5-beta",
            "12345678901234567890.1H.5-beta",
        ],
        ["1-0.alpha", "1-0.beta", "1"], ["1.0.0.abc1", "1.0.0-abc2"], ["1.0.0.RC1", "1.0.0-RC2"],
        ["1.0.final-redhat", "1.0-sp1-redhat"],
        ["1.0.final-redhat", "1.0-sp.1-redhat"], ["0.7", "2"], ["0.2", "1.0.7"],
        [
            "1.0-alpha-1-SNAPSHOT", "1.0-alpha-1", "1.0-alpha-2", "1.0-beta-1", "1.0-SNAPSHOT", "1.0",
            "1.0-1", "1.0-2",
        ],
        ["2.0-1", "2.0.1", "2.0.1-klm", "2.0.1-lmn", "2.0.1-xyz", "2.0.1-123"], ["J", "7"],
        ["aardvark", "zebra", "1"],
    ]

    @Test(arguments: maven)
    func `Maven's has the order of ComparableVersion`(_ ascending: [String]) {
        for (place, low) in ascending.enumerated() {
            for high in ascending[(place + 1)...] {
                #expect(relation(low, high, .maven) == "<", "\(low) < \(high)")
            }
        }
    }

    @Test(arguments: [
        [
            "1", "1.0", "1.0.0", "1-0", "1.0-0", "1ga", "1final", "1release", "1.GA", "01", "1-ga",
            "1.0.Final",
        ], ["1a", "1-a", "1.0-a", "1.0.0-a", "1.0a", "1.a", "1.A"],
        ["1x", "1-x", "1.0-x", "1.0.0x", "1X"], ["1cr", "1rc", "1Cr"], ["1a1", "1-alpha-1"],
        ["1b2", "1-beta-2"], ["1m3", "1-milestone-3", "1MileStone3"],
        ["0", "00", "000000000000000000000"], ["2-abc", "2.0.abc", "2.0.0.abc"],
        ["1.0.0-alpha1", "1.0.0-ALPHA1"],
    ])
    func `Maven's takes these for one`(_ versions: [String]) {
        for left in versions {
            for right in versions { #expect(relation(left, right, .maven) == "=", "\(left) = \(right)") }
        }
    }

    /// golang.org/x/mod/semver: what is valid and its canonical form, and the order of the list itself.
    @Test func `Go's has the order of x/mod's semver`() {
        let ascending = [
            "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-alpha.beta", "v1.0.0-beta", "v1.0.0-beta.2",
            "v1.0.0-beta.11", "v1.0.0-rc.1", "v1", "v1.2",
            "v1.2.3-456", "v1.2.3-456.789", "v1.2.3-456-789", "v1.2.3-456a", "v1.2.3-pre", "v1.2.3-pre.1",
            "v1.2.3-zzz", "v1.2.3",
        ]
        for (place, low) in ascending.enumerated() {
            for high in ascending[(place + 1)...] {
                #expect(relation(low, high, .go) == "<", "\(low) < \(high)")
            }
        }
        for same in [
            ["v1", "v1.0", "v1.0.0", "1.0.0"], ["v1.2.3", "v1.2.3+meta", "v1.2.3+meta-pre.sha.256a"],
            ["v2.0.0+incompatible", "2.0.0"],
        ] {
            for other in same { #expect(relation(same[0], other, .go) == "=") }
        }
        // Pseudo-versions come after the tag they stand on and before the next.
        #expect(relation("v1.2.4-0.20191109021931-daa7c04131f5", "v1.2.3", .go) == ">")
        #expect(relation("v1.2.4-0.20191109021931-daa7c04131f5", "v1.2.4", .go) == "<")
        #expect(
            relation("v0.0.0-20160722212129-ac0cc4484ad4", "v0.0.0-20200131131040-063a3fb69896", .go) == "<"
        )
        for bad in ["bad", "v1.2.", "v1.2.3-", "v1.2.3+", "v", "v1.2.3.4", "vv1.2.3"] {
            #expect(throws: VersionSyntaxError.self, "\(bad)") { try Version(.go, parsing: bad) }
        }
    }

    /// semver.org: section 11's example, and the grammar.
    @Test func `semantic versions have the order of the specification`() {
        let ascending = [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0",
            "2.0.0.1", "99999999999999999999999.999999999999999999.99999999999999999",
        ]
        for (place, low) in ascending.enumerated() {
            for high in ascending[(place + 1)...] {
                #expect(relation(low, high, .semantic) == "<", "\(low) < \(high)")
            }
        }
        #expect(relation("1", "1.0.0+build.5", .semantic) == "=")
        #expect(relation("v1.2", "1.2.0", .semantic) == "=")
    }

    @Test(arguments: [
        (VersionScheme.debian, "1:"), (.debian, "a:1"), (.debian, "1-"), (.debian, "1_0"), (.debian, "1 0"),
        (.semantic, "1.a.0"), (.semantic, "1..0"),
        (.semantic, "1.2.3.4.5"), (.python, "1.0-x"), (.python, "abc"), (.python, "1.0+"), (.python, "1!"),
        (.rubyGems, "a.1"), (.rubyGems, "1..2"), (.rubyGems, "1_0"),
        (.rpm, "x:1"), (.rpm, "~"), (.npm, "1.2.3.4"), (.maven, "1 0"), (.alpine, ""), (.python, "1\u{0}0"),
    ])
    func `a text that is no version is an error`(_ scheme: VersionScheme, _ text: String) {
        #expect(throws: VersionSyntaxError.self) { try Version(scheme, parsing: text) }
    }

    @Test func `a version of more bytes than any has is an error`() {
        #expect(throws: VersionSyntaxError.tooLong) {
            try Version(.maven, parsing: String(repeating: "1-", count: 600))
        }
    }
}
