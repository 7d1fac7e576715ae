import KilnAdvisories
import Testing

@Suite struct `Every order of versions` {
    private static func versions(_ scheme: VersionScheme, _ count: Int, seed: UInt64) -> [Version] {
        var numbers = SeededNumbers(seed)
        let alphabet = Array("00112ab~^+.-_:!rc")
        var versions: [Version] = []
        var tries = 0
        while versions.count < count, tries < 200_000 {
            tries += 1
            let text = "1" + numbers.text(alphabet, 0...8)
            if let version = try? Version(scheme, parsing: text) { versions.append(version) }
        }
        return versions
    }

    @Test(arguments: VersionScheme.allCases)
    func `is total`(_ scheme: VersionScheme) {
        let versions = Self.versions(scheme, 90, seed: UInt64(scheme.rawValue))
        #expect(versions.count == 90)
        var broken = 0
        for a in versions {
            for b in versions {
                let relations = [a < b, a == b, b < a].count { $0 }
                if relations != 1 || (a == b) != (a.hashValue == b.hashValue) { broken += 1 }
                for c in versions where a < b && b < c && !(a < c) { broken += 1 }
            }
        }
        #expect(broken == 0)
    }

    @Test(arguments: VersionScheme.allCases)
    func `reads or refuses any text`(_ scheme: VersionScheme) {
        var numbers = SeededNumbers(99)
        let alphabet: [Character] = [
            "0", "1", "9", "a", "Z", ".", "-", "~", "^", "+", ":", "!", "_", "\u{0}", "\n", "é", "٨", "😀",
            " ", "r", "v", "=",
        ]
        for _ in 0..<4000 {
            let text = numbers.text(alphabet, 0...20)
            guard let version = try? Version(scheme, parsing: text) else { continue }
            #expect(version == version && !version.key.bytes.isEmpty)
        }
    }
}
