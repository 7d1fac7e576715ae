import Glibc
import KilnInventory
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// Numbers that look random and are the same each time.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

enum Damage {
    /// Bytes changed, and the end cut off in half of all cases.
    static func damaged(_ bytes: [UInt8], keeping kept: Int, _ numbers: inout SeededNumbers) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...6, using: &numbers) {
            bytes[Int.random(in: kept..<bytes.count, using: &numbers)] = UInt8.random(
                in: 0...255,
                using: &numbers
            )
        }
        if Bool.random(using: &numbers) {
            bytes.removeLast(Int.random(in: 0..<bytes.count - kept, using: &numbers))
        }
        return bytes
    }

    /// Reads many damaged copies of a file: whatever comes of it, it ends, and the good one beside them is found.
    static func read(
        _ good: [UInt8],
        as path: String,
        keeping kept: Int = 0,
        copies: Int = 150,
        seed: UInt64
    ) async throws {
        var numbers = SeededNumbers(seed)
        var files: [String: SampleFile] = ["good/\(path)": .bytes(good)]
        for copy in 0..<copies {
            files["copy\(copy)/\(path)"] = .bytes(damaged(good, keeping: kept, &numbers))
        }
        try await Sandbox.with { sandbox in
            let root = sandbox.path.appending("root")
            try Samples.tree(files, at: root)
            let found = try await Inventory.read(.root(root), home: sandbox.home)
            #expect(found.entries.contains { $0.evidence.contains { $0.path.hasPrefix("good/") } })
        }
    }
}

/// The peers that the tests run, where they are.
enum Peers {
    /// The folder of PyPI's tools that `scripts/install-deps tests` makes; nil where it lacks the tool.
    static func python(_ tool: String) -> FilePath? {
        let folder = FilePath(
            getenv("KILN_PEERS").map { String(cString: $0) } ?? "/usr/local/share/kiln-peers"
        )
        return Files.exists(folder.appending("bin").appending(tool)) ? folder : nil
    }
}
