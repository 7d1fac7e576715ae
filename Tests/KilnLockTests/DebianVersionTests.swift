import KilnLock
import KilnSystem
import Testing

@Suite struct `The order of Debian's versions` {
    @Test(arguments: [
        ("1.0", "1.0"), ("1.0-1", "1.0"), ("1.0~rc1", "1.0"), ("1:0.1", "9.9"), ("1.10", "1.9"),
        ("1.0a", "1.0+"),
        ("1.0", "1.0-0"), ("2.36-9+deb12u9", "2.36-9+deb12u10"), ("1.0~~", "1.0~"),
        ("1.002", "1.2"),
        ("3.0.15-1~deb12u1", "3.0.15-1"), ("a", "~"), ("1.2-3-4", "1.2-3"), ("1.0.", "1.0.0"), ("0:1", "1"),
    ])
    func `is dpkg's`(_ left: String, _ right: String) async throws {
        try await compare(left, right)
        try await compare(right, left)
    }

    /// Versions of characters that matter, from a fixed seed.
    @Test func `is dpkg's for versions made up of what matters`() async throws {
        var state: UInt64 = 42
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let alphabet = Array("0019a~+.-")
        for _ in 0..<150 {
            let versions = (0..<2).map { _ in
                "1" + String((0..<next(7)).map { _ in alphabet[next(alphabet.count)] })
            }
            try await compare(versions[0], versions[1])
        }
    }

    private func compare(_ left: String, _ right: String) async throws {
        for (word, holds) in [
            ("lt", DebianVersion(left) < DebianVersion(right)),
            ("eq", DebianVersion(left) == DebianVersion(right)),
        ] {
            let dpkg = try await ToolRunner().runUnchecked(
                ToolInvocation("dpkg", ["--compare-versions", left, word, right])
            )
            // What dpkg takes for no version at all (an empty revision) has no place in its order.
            guard dpkg.status != .exited(2), dpkg.standardError.isEmpty else { return }
            #expect((dpkg.status == .exited(0)) == holds, "\(left) \(word) \(right)")
        }
    }
}
