import KilnArchive
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `A root from a tar` {
    @Test(arguments: [
        ("below a link", ["link -> /etc", "link/passwd"]), ("a deletion", ["a/.wh.b"]),
        ("a link to nothing", ["a => missing"]), ("a circle of links", ["a => b", "b => a"]),
    ])
    func `is refused with`(_ what: String, _ names: [String]) async throws {
        try await Sandbox.with { sandbox in
            _ = #expect(throws: ArchiveError.self) { try Self.items(names, sandbox) }
        }
    }

    @Test func `has each path once, sorted, with the folders that were left out`() async throws {
        try await Sandbox.with { sandbox in
            let items = try Self.items(["z/one", "a.b", "a/c", "z/one"], sandbox)
            #expect(items.map(\.entry.path) == ["a", "a/c", "a.b", "z", "z/one"])
        }
    }

    @Test func `keeps a file's content under the first of its names`() async throws {
        try await Sandbox.with { sandbox in
            let items = try Self.items(["m", "z => m", "a => z"], sandbox)
            #expect(
                items.map(\.entry.kind) == [.file(size: 1), .hardlink(target: "a"), .hardlink(target: "a")]
            )
        }
    }

    /// Also when the other one is no sound tar.
    @Test(arguments: [["a"], ["link -> /etc", "link/passwd"]])
    func `must be the one that the lock names`(_ names: [String]) async throws {
        try await Sandbox.with { sandbox in
            let error = try #require(throws: BakeError.self) {
                try Self.items(names, sandbox, expecting: Digest(of: "another"))
            }
            #expect(error.diagnostic.message == #""root.tar" is not the tar that the lock names"#)
            #expect(error.diagnostic.hint == "run: kiln lock")
            #expect(error.diagnostic.exitStatus == .usage)
        }
    }

    @Test func `keeps names apart that only look the same`() async throws {
        try await Sandbox.with { sandbox in
            let names = ["caf\u{e9}/a", "cafe\u{301}/a", "caf\u{e9}.txt", "cafe\u{301}.txt"]
            let items = try Self.items(names, sandbox)
            #expect(Set(items.map { Array($0.entry.path.utf8) }).isSuperset(of: names.map { Array($0.utf8) }))
            #expect(items.count == 6)
        }
    }

    @Test func `keeps the attributes that layers keep`() async throws {
        try await Sandbox.with { sandbox in
            let items = try Self.items(["user.a@f", "security.selinux@g", "trusted.b@h"], sandbox)
            #expect(items.map(\.entry.path) == ["f", "g", "h"])
            #expect(items.map(\.entry.xattrs) == [["user.a": [UInt8(ascii: "y")]], [:], [:]])
        }
    }

    @Test(arguments: ["trusted.overlay.opaque", "user.overlay.redirect"])
    func `is refused with an attribute of overlays`(_ name: String) async throws {
        try await Sandbox.with { sandbox in
            let error = try #require(throws: BakeError.self) { try Self.items(["\(name)@etc/f"], sandbox) }
            #expect(error.diagnostic.code == "bake.tar-attribute")
            #expect(error.diagnostic.message.contains(#""etc/f" the attribute \#(name)"#))
        }
    }

    /// `name` is a file, `name -> target` a symlink, `name => target` a hard link, `attribute@name` a file with an
    /// attribute.
    private static func items(
        _ names: [String],
        _ sandbox: Sandbox,
        expecting: Digest? = nil
    ) throws -> [LayerItem] {
        let tar = sandbox.path.appending("root.tar")
        var writer = RawTar()
        for name in names {
            let parts = name.split(separator: " ").map(String.init)
            switch parts.count == 3 ? parts[1] : "" {
            case "->": writer.append(parts[0], type: "2", link: parts[2])
            case "=>": writer.append(parts[0], type: "1", link: parts[2])
            default:
                let marked = name.split(separator: "@").map(String.init)
                if marked.count == 2 { writer.append(record: "SCHILY.xattr.\(marked[0])=y") }
                writer.append(marked.last ?? name, type: "0", content: "x")
            }
        }
        try Files.write(writer.finish(), to: tar)
        let spool = sandbox.path.appending("spool")
        try Files.createDirectory(spool)
        let locked = LockedTar(
            path: "root.tar",
            size: Int64(writer.finish().count),
            sha256: expecting ?? Digest(of: writer.finish())
        )
        return try TarLayer.items(of: locked, from: tar, spool: spool, at: nil)
    }
}

/// A tar by hand (ustar), since no tool writes hostile ones.
private struct RawTar {
    private var bytes: [UInt8] = []

    mutating func append(_ name: String, type: Character, link: String = "", content: String = "") {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ value: Int, _ width: Int) -> String {
            let digits = String(value, radix: 8)
            return String(repeating: "0", count: width - digits.count) + digits
        }
        put(name, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(content.utf8.count, 11), at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put(String(type), at: 156)
        put(link, at: 157)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
        bytes += header + Array(content.utf8)
        bytes += [UInt8](repeating: 0, count: (512 - content.utf8.count % 512) % 512)
    }

    /// A pax record about the next entry; short ones only.
    mutating func append(record: String) {
        let length = record.utf8.count + 4
        append("pax", type: "x", content: "\(length) \(record)\n")
    }

    func finish() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}
