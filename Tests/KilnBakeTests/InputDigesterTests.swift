import Glibc
import KilnBake
import KilnDiagnostics
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Digesting inputs` {
    @Test func `sees content, names, the executable bit and link targets, and nothing else`() async throws {
        try await Sandbox.with { sandbox in
            let tree = try Self.makeTree(sandbox, "tree")
            let first = try Self.digest(tree)
            #expect(try Self.digest(try Self.makeTree(sandbox, "copy")) == first)
            chmod(tree.appending("a").appending("one").string, 0o600)
            utimes(
                tree.appending("a").string,
                [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)]
            )
            #expect(try Self.digest(tree) == first)
        }
    }

    @Test(arguments: ["content", "name", "executable", "link", "added", "empty folder", "kind"])
    func `moves with`(_ change: String) async throws {
        try await Sandbox.with { sandbox in
            let tree = try Self.makeTree(sandbox, "tree")
            let first = try Self.digest(tree)
            let one = tree.appending("a").appending("one")
            switch change {
            case "content": try Files.write("1!", to: one)
            case "name": try Files.rename(one, to: tree.appending("a").appending("uno"))
            case "executable": chmod(one.string, 0o755)
            case "link":
                try Files.remove(tree.appending("link"))
                symlink("elsewhere", tree.appending("link").string)
            case "added": try Files.write("", to: tree.appending("new"))
            case "empty folder": try Files.createDirectory(tree.appending("folder"))
            default:
                try Files.remove(tree.appending("link"))
                try Files.write("a/one", to: tree.appending("link"))
            }
            #expect(try Self.digest(tree) != first)
        }
    }

    @Test func `reads no file twice whose facts stayed`() async throws {
        try await Sandbox.with { sandbox in
            let tree = try Self.makeTree(sandbox, "tree")
            var first = InputDigester(now: Self.later)
            let digest = try first.digest(tree).digest
            #expect(first.filesRead == 2)
            try first.remembered.save(to: sandbox.path.appending("cache"))
            var second = InputDigester(cache: .load(sandbox.path.appending("cache")), now: Self.later)
            #expect(try second.digest(tree).digest == digest)
            #expect(second.filesRead == 0)
            #expect(!second.remembered.isChanged)
        }
    }

    @Test func `reads a file again that changed just before it was digested`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("one", to: "file")
            let facts = try #require(Files.facts(file))
            var first = InputDigester(now: facts.changed + 1_000_000_000)
            _ = try first.digest(file)
            var second = InputDigester(cache: first.remembered, now: Self.later)
            _ = try second.digest(file)
            #expect(second.filesRead == 1)
        }
    }

    @Test func `notices new content of the same size and time`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("one", to: "file")
            var first = InputDigester(now: Self.later)
            let digest = try first.digest(file).digest
            let facts = try #require(Files.facts(file))
            try Files.write("two", to: file)
            let time = timespec(
                tv_sec: Int(facts.modified / 1_000_000_000),
                tv_nsec: Int(facts.modified % 1_000_000_000)
            )
            #expect(utimensat(AT_FDCWD, file.string, [time, time], 0) == 0)
            var second = InputDigester(cache: first.remembered, now: Self.later)
            #expect(try second.digest(file).digest != digest)
        }
    }

    @Test func `takes a link given as the source for what it points to`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("one", to: "file")
            symlink("file", sandbox.path.appending("link").string)
            #expect(try Self.digest(sandbox.path.appending("link")) == Self.digest(file))
        }
    }

    @Test func `refuses what is missing and what no image can hold`() async throws {
        try await Sandbox.with { sandbox in
            #expect(throws: BakeError.self) { try Self.digest(sandbox.path.appending("gone")) }
            mkfifo(sandbox.path.appending("pipe").string, 0o600)
            let error = try #require(throws: BakeError.self) { try Self.digest(sandbox.path) }
            #expect(error.diagnostic.code == "bake.unsupported-input")
        }
    }

    @Test func `refuses a link to a name that is not UTF-8`() async throws {
        try await Sandbox.with { sandbox in
            let target: [CChar] = [0x61, -1, 0]
            #expect(symlink(target, sandbox.path.appending("link").string) == 0)
            let error = try #require(throws: BakeError.self) { try Self.digest(sandbox.path) }
            #expect(error.diagnostic.code == "bake.input-name")
            #expect(error.diagnostic.message.contains(sandbox.path.appending("link").string))
        }
    }

    @Test(arguments: ["", "other format\n", "kiln-stat-cache 1\n12 rubbish"])
    func `takes a damaged cache for an empty one`(_ text: String) async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write(text, to: "cache")
            #expect(StatCache.load(file).count == 0)
        }
    }

    /// Far enough in the future for everything to have settled.
    private static let later: Int64 = 4_000_000_000_000_000_000

    private static func makeTree(_ sandbox: Sandbox, _ name: String) throws -> FilePath {
        try sandbox.write("1", to: "\(name)/a/one")
        try sandbox.write("2", to: "\(name)/a.b", mode: 0o755)
        let tree = sandbox.path.appending(name)
        symlink("a/one", tree.appending("link").string)
        return tree
    }

    private static func digest(_ path: FilePath) throws -> Digest {
        var digester = InputDigester(now: later)
        return try digester.digest(path).digest
    }
}
