import KilnSystem
package import SystemPackage

/// libfaketime, which tells programs another time than the machine's through their C library. Programs without a
/// C library of their own, or with another one than glibc, do not notice it.
package struct FalseClock: Sendable, Hashable {
    package let library: FilePath
    /// The newest version of glibc's interface that the library wants.
    private let wanted: [Int]
    /// The CPU that it is for: its ELF header's class and machine.
    private let machine: [UInt8]

    private static let folders: [FilePath] = [
        "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib",
    ]
    /// The one for programs with several threads first.
    private static let names = ["libfaketimeMT.so.1", "libfaketime.so.1"]
    private static let largest = 64 << 20

    init(library: FilePath) throws {
        self.library = library
        let bytes = try Files.read(library, limit: Self.largest)
        wanted = Self.newest(in: bytes)
        machine = Self.machine(of: bytes)
    }

    /// The machine's own; nil when it is not installed.
    package static func installed() -> FalseClock? {
        let candidates = folders.flatMap { folder in names.map { folder.pushing("faketime").appending($0) } }
        return candidates.first { Files.facts($0, followingSymlinks: true)?.kind == .file }
            .map { try? FalseClock(library: $0) } ?? nil
    }

    /// Whether programs of the root can load it: one that cannot would complain, or not start at all.
    func isLoadable(in root: FilePath) -> Bool {
        let tree = LayerTree(root: root)
        for folder in [
            "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib64",
        ] {
            guard let library = try? tree.file(folder + "/libc.so.6"),
                let bytes = try? Files.read(library, limit: Self.largest)
            else { continue }
            return Self.machine(of: bytes) == machine
                && !Self.newest(in: bytes).lexicographicallyPrecedes(wanted)
        }
        return false
    }

    /// elf(5): `e_ident[EI_CLASS]`, `e_machine`.
    private static func machine(of bytes: [UInt8]) -> [UInt8] {
        bytes.count < 20 ? [] : [bytes[4], bytes[18], bytes[19]]
    }

    /// Variables that make a container's programs load it from this place.
    static func environment(library: String, shift: Int64) -> [String: String] {
        [
            "LD_PRELOAD": library,
            "FAKETIME": (shift < 0 ? "" : "+") + String(shift),
            // Files keep the times that they have, and waiting takes as long as it takes.
            "NO_FAKE_STAT": "1", "DONT_FAKE_MONOTONIC": "1",
        ]
    }

    /// Of every `GLIBC_2.34` and its like, the highest numbers after `GLIBC_`; empty where there is none.
    private static func newest(in bytes: [UInt8]) -> [Int] {
        let prefix = Array("GLIBC_".utf8)
        var newest: [Int] = []
        var place = bytes.startIndex
        while let start = bytes[place...].firstIndex(of: prefix[0]) {
            place = start + 1
            guard bytes[start...].starts(with: prefix) else { continue }
            let rest = bytes[(start + prefix.count)...].prefix {
                (48...57).contains($0) || $0 == UInt8(ascii: ".")
            }
            let numbers = String(decoding: rest, as: UTF8.self).split(separator: ".").compactMap { Int($0) }
            if newest.lexicographicallyPrecedes(numbers) { newest = numbers }
        }
        return newest
    }
}
