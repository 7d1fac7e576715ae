import Glibc
import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `A layer of users and files` {
    @Test func `lies in the image as the definition says`() async throws {
        try await Sandbox.with { sandbox in
            let items = try Self.items(
                sandbox,
                users: [
                    UserDefinition(name: "worker", uid: 10002, home: "/srv/worker", shell: "/bin/sh"),
                    UserDefinition(name: "shop", uid: 10001),
                ],
                files: [
                    FileDefinition(
                        source: "app.jar",
                        target: "/opt/shop/app.jar",
                        owner: "shop",
                        mode: 0o640
                    ),
                    FileDefinition(source: "tool", target: "/bin/tool"),
                    FileDefinition(source: "tree", target: "/etc/shop.d", owner: "10002"),
                    FileDefinition(source: "tool", target: "/opt/shop/late", owner: "4711"),
                ]
            )
            try Golden.expect(Self.listing(items), matches: Golden.directory().appending("files-layer.txt"))
        }
    }

    @Test func `adds users to what the image has`() async throws {
        try await Sandbox.with { sandbox in
            let items = try Self.items(sandbox, users: [UserDefinition(name: "shop", uid: 10001)], files: [])
            #expect(
                Self.text("etc/passwd", in: items)
                    == Self.passwd + "shop:x:10001:10001::/nonexistent:/usr/sbin/nologin\n"
            )
            #expect(Self.text("etc/group", in: items) == Self.group + "shop:x:10001:\n")
            #expect(Self.text("etc/shadow", in: items) == "root:*:19000:0:99999:7:::\nshop:!:11::::::\n")
            #expect(Self.text("etc/gshadow", in: items) == "shop:!::\n")
        }
    }

    @Test(arguments: [(0, ""), (86_399, ""), (20_000 * 86400, "20000")])
    func `dates passwords by the newest epoch, and not at all without one`(
        _ newest: Int64,
        _ day: String
    ) async throws {
        try await Sandbox.with { sandbox in
            let items = try Self.items(
                sandbox,
                below: .empty,
                users: [UserDefinition(name: "shop", uid: 10001)],
                files: [],
                epochs: LayerEpochs(own: 0, newest: newest)
            )
            #expect(Self.text("etc/shadow", in: items) == "shop:!:\(day)::::::\n")
        }
    }

    @Test(arguments: [
        (UserDefinition(name: "www-data", uid: 10001), #"the image has a user "www-data" already (uid 33)"#),
        (UserDefinition(name: "shop", uid: 33), #"uid 33 belongs to "www-data" already"#),
        (UserDefinition(name: "staff", uid: 10001), #"the image has a group "staff" already (gid 50)"#),
        (UserDefinition(name: "shop", uid: 50), #"gid 50 belongs to the group "staff" already"#),
    ])
    func `refuses a user that the image has`(_ user: UserDefinition, _ message: String) async throws {
        try await Sandbox.with { sandbox in
            let error = try #require(throws: BakeError.self) {
                try Self.items(sandbox, users: [user], files: [])
            }
            #expect(error.diagnostic.message == message)
            #expect(error.diagnostic.exitStatus == .usage)
        }
    }

    @Test func `names the owner that was probably meant`() async throws {
        try await Sandbox.with { sandbox in
            let error = try #require(throws: BakeError.self) {
                try Self.items(
                    sandbox,
                    users: [UserDefinition(name: "shop", uid: 10001)],
                    files: [FileDefinition(source: "tool", target: "/t", owner: "shpo")]
                )
            }
            #expect(error.diagnostic.message == #"the image has no user "shpo""#)
            #expect(error.diagnostic.hint == #"did you mean "shop"?"#)
        }
    }

    @Test(arguments: [
        ("tool", "/usr/lib", "the image has a folder there"),
        ("tool", "/etc/hostname/x", "/etc/hostname is a file in the image"),
        ("tool", "/etc/hostname/x/y", "a folder above it is a file or a circle of links"),
        ("tree", "/etc/hostname", "/etc/hostname is a file in the image"),
        ("tool", "/", "it is a folder"),
    ])
    func `refuses a target that cannot be`(_ source: String, _ target: String, _ why: String) async throws {
        try await Sandbox.with { sandbox in
            let error = try #require(throws: BakeError.self) {
                try Self.items(
                    sandbox,
                    users: [],
                    files: [FileDefinition(source: FilePath(source), target: target)]
                )
            }
            #expect(error.diagnostic.message == "cannot place \"\(target)\": \(why)")
        }
    }

    @Test func `brings its own account files to an image of nothing`() async throws {
        try await Sandbox.with { sandbox in
            let items = try Self.items(
                sandbox,
                below: .empty,
                users: [UserDefinition(name: "shop", uid: 10001)],
                files: [FileDefinition(source: "tool", target: "/tool", owner: "shop")]
            )
            #expect(
                items.map(\.entry.path)
                    == ["etc", "etc/group", "etc/gshadow", "etc/passwd", "etc/shadow", "tool"]
            )
            #expect(items.first { $0.entry.path == "etc/shadow" }?.entry.mode == 0o600)
            #expect(items.last?.entry.uid == 10001)
        }
    }

    @Test(arguments: [false, true])
    func `gives a folder to the owner that it is asked for with, in any order`(
        _ isReversed: Bool
    ) async throws {
        try await Sandbox.with { sandbox in
            let files = [
                FileDefinition(source: "tool", target: "/opt/shop/conf/tool"),
                FileDefinition(source: "tree", target: "/opt/shop", owner: "shop"),
            ]
            let items = try Self.items(
                sandbox,
                users: [UserDefinition(name: "shop", uid: 10001)],
                files: isReversed ? files.reversed() : files
            )
            let owners = ["opt", "opt/shop", "opt/shop/conf", "opt/shop/conf/tool"].map { path in
                items.first { $0.entry.path == path }?.entry.uid
            }
            #expect(owners == [0, 10001, 10001, 0])
        }
    }

    @Test func `keeps names apart that only look the same`() async throws {
        try await Sandbox.with { sandbox in
            let names = ["caf\u{e9}", "cafe\u{301}"]
            for name in names { try sandbox.write("x", to: "tree/\(name)/\(name)") }
            let items = try Self.items(
                sandbox,
                below: .empty,
                users: [],
                files: [FileDefinition(source: "tree", target: "/t")]
            )
            let paths = Set(items.map { Array($0.entry.path.utf8) })
            for name in names { #expect(paths.contains(Array("t/\(name)/\(name)".utf8))) }
        }
    }

    private static let passwd =
        "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n"
    private static let group = "root:x:0:\nshadow:x:42:\nwww-data:x:33:\nstaff:x:50:\n"

    /// A merged-/usr root with account files.
    private static let below: RootIndex = {
        func directory(_ path: String, mode: UInt32 = 0o755) -> LayerIndex.Entry {
            LayerIndex.Entry(path: path, kind: .directory, mode: mode, mtime: 7)
        }
        func file(_ path: String, _ text: String, mode: UInt32 = 0o644, gid: UInt32 = 0) -> LayerIndex.Entry {
            LayerIndex.Entry(
                path: path,
                kind: .file(size: Int64(text.utf8.count), digest: Digest(of: text)),
                mode: mode,
                gid: gid
            )
        }
        let shadow = "root:*:19000:0:99999:7:::\n"
        return RootIndex.stacked([
            LayerIndex(
                entries: [
                    LayerIndex.Entry(path: "bin", kind: .symlink(target: "usr/bin"), mode: 0o777),
                    directory("etc"), file("etc/passwd", passwd), file("etc/group", group),
                    file("etc/shadow", shadow, mode: 0o640, gid: 42), file("etc/hostname", "x"),
                    directory("opt", mode: 0o775), directory("usr"), directory("usr/bin"),
                    directory("usr/lib"),
                    directory("srv"),
                ],
                captured: [
                    "etc/passwd": Array(passwd.utf8), "etc/group": Array(group.utf8),
                    "etc/shadow": Array(shadow.utf8),
                ]
            )
        ])
    }()

    private static func items(
        _ sandbox: Sandbox,
        below: RootIndex = below,
        users: [UserDefinition],
        files: [FileDefinition],
        epochs: LayerEpochs = LayerEpochs(own: 1_000_000, newest: 1_000_000)
    ) throws -> [LayerItem] {
        try sandbox.write("jar", to: "app.jar")
        try sandbox.write("#!/bin/sh\n", to: "tool", mode: 0o755)
        try sandbox.write("b", to: "tree/conf/b")
        try sandbox.write("a", to: "tree/a")
        symlink("../a", sandbox.path.pushing("tree/conf/link").string)
        var digester = InputDigester(now: 0)
        var inputs: [FilePath: InputTree] = [:]
        for file in files {
            inputs[file.source] = try digester.digest(sandbox.path.pushing(file.source))
        }
        return try FilesLayer.items(
            below: below,
            users: users,
            files: files,
            inputs: inputs,
            epochs: epochs
        )
    }

    private static func text(_ path: String, in items: [LayerItem]) -> String? {
        guard case .bytes(let bytes) = items.first(where: { $0.entry.path == path })?.content else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func listing(_ items: [LayerItem]) -> String {
        items.map { item in
            let entry = item.entry
            let mode = String(entry.mode, radix: 8)
            return "\(kind(entry.kind)) \(mode) \(entry.uid):\(entry.gid) \(entry.mtime) \(entry.path)\n"
        }.joined()
    }

    private static func kind(_ kind: TarEntry.Kind) -> String {
        switch kind {
        case .file(let size): "file(\(size))"
        case .directory: "directory"
        case .symlink(let target): "symlink(\(target))"
        default: "other"
        }
    }
}
