import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import SystemPackage
import Testing

@testable import KilnBake

/// Reading them gives a value, nothing or an error, and never ends the process.
@Suite struct `Damaged files that a bake reads` {
    @Test(arguments: 0..<8)
    func `accounts`(seed: Int) {
        var damage = Damage(seed: seed)
        for _ in 0..<300 {
            let files = AccountFiles(
                passwd: damage.text("root:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/var/www:/bin/false\n"),
                group: damage.text("root:x:0:\nshadow:x:42:www,root\n"),
                shadow: damage.text("root:*:19000:0:99999:7:::\nwww:!:0::::::\n"),
                gshadow: damage.text("root:*::\n")
            )
            for epoch in [0, 1_700_000_000] as [Int64] {
                let clamped = ShadowDays.clamp(files.shadow, to: epoch)
                #expect(ShadowDays.clamp(clamped, to: epoch) == clamped)
                let added = try? files.adding([UserDefinition(name: "shop", uid: 10001)], epoch: epoch)
                if let added, let users = try? added.users() {
                    #expect(users.contains { $0.name == "shop" && $0.uid == 10001 })
                }
            }
            _ = try? files.groups()
        }
    }

    @Test(arguments: 0..<8)
    func `packages' control files`(seed: Int) {
        var damage = Damage(seed: seed)
        let control = """
            Package: libc6
            Essential: yes
            Pre-Depends: a (>= 1:2.3) | b:any, c [amd64] <!nocheck>
            Depends: d,, | e
            Provides: f (= 1), g
            Description: one
             two
             .
            Multi-Arch: same
            Architecture: amd64

            """
        for _ in 0..<300 {
            var members: [String: ControlArchive.Member] = [:]
            for (name, text) in [
                "control": control, "conffiles": "/etc/a\n#b\nremove-on-upgrade /c\n",
                "triggers": "# a\ninterest-noawait /b\nactivate c\n",
            ] {
                members[name] = ControlArchive.Member(mode: 0o644, time: 0, content: damage.bytes(text))
            }
            guard let archive = try? ControlArchive(members, of: "a.deb") else { continue }
            let order = InstallOrder([archive.control, PackageControl(name: "d")])
            #expect(!order.steps.isEmpty)
            _ = order.freshStart
        }
    }

    @Test(arguments: 0..<8)
    func `remembered digests`(seed: Int) {
        var damage = Damage(seed: seed)
        var cache = StatCache()
        for path: FilePath in ["/", "/proc", "/proc/self/exe", "/etc/caf\u{e9}"] {
            guard let facts = Files.facts(path) ?? Files.facts("/") else { continue }
            cache.remember(Digest(of: path.string), of: path, StatCache.Stamp(facts))
        }
        let text = String(decoding: cache.serialized, as: UTF8.self)
        for _ in 0..<300 {
            guard let read = StatCache(parsing: damage.bytes(text)) else { continue }
            #expect(StatCache(parsing: read.serialized)?.count == read.count)
        }
    }
}

/// Cuts, repeats, swaps and replaces bytes; the same seed does the same everywhere (SplitMix64).
struct Damage: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) {
        state = UInt64(seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func text(_ text: String) -> String {
        String(decoding: bytes(text), as: UTF8.self)
    }

    mutating func bytes(_ text: String) -> [UInt8] {
        bytes(Array(text.utf8))
    }

    mutating func bytes(_ good: [UInt8]) -> [UInt8] {
        var bytes = good
        for _ in 0..<Int.random(in: 0...4, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &self)
            let end = min(bytes.count, place + Int.random(in: 1...12, using: &self))
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 2: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 3: bytes.insert(contentsOf: Self.fragments.randomElement(using: &self) ?? [], at: place)
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }

    private static let fragments = [
        ":", "::::::::", "\n", "\r\n", "\0", " ", "\t", "99999999999999999999", "-1", "4294967295", "\u{301}",
        "|", "(", ",", "#", "+", "Package:", ": ",
    ].map { Array($0.utf8) }
}
