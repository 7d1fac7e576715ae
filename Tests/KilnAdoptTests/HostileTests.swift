import KilnAdopt
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// What an archive of somebody else's may hold.
@Suite struct `Adopting a hostile archive` {
    /// Shows the names in the order in which they were put in, as a tar does.
    private struct Archive: ServerSource {
        let server: MemoryServer
        var name: String { "archive" }
        var isThisMachine: Bool { false }

        func visit(below: [String]?, _ visitor: inout some ServerVisitor) throws {
            guard below == nil else { return try server.visit(below: below, &visitor) }
            for node in server.nodes {
                let bytes = node.kind == .file && visitor.wants(node) ? server.contents[node.path] : nil
                try visitor.take(node, bytes.map { ServerContent(bytes: $0) })
            }
        }
    }

    /// An application whose folder `d` is a link out of it, with a file, a link and another name of a file below the link.
    private static func hostile(_ outside: String, isLinkFirst: Bool) -> MemoryServer {
        var server = MemoryServer.shop
        server.file("srv/app/x", "from the archive")
        if isLinkFirst { server.link("srv/app/d", outside) }
        server.nodes.append(ServerNode("srv/app/d/job", .file, linkedTo: "srv/app/x"))
        server.nodes.append(ServerNode("srv/app/d/other", .symlink("/srv/app/x")))
        server.nodes.append(ServerNode("srv/app/d/new", .file, size: 3))
        server.contents["srv/app/d/new"] = Array("new".utf8)
        if !isLinkFirst { server.nodes.append(ServerNode("srv/app/d", .symlink(outside), mode: 0o777)) }
        return server
    }

    @Test func `what lies below a link is left out and named, and nothing outside of the output is touched`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let outside = try sandbox.write("job", to: "host/job").removingLastComponent()
            try sandbox.write("other", to: "host/other")
            let output = sandbox.path.appending("out")
            let server = Self.hostile(outside.string, isLinkFirst: true)
            let report = try Adoption(source: server, output: output).run().report
            #expect(try Files.list(outside) == ["job", "other"])
            #expect(try Files.readText(outside.appending("job")) == "job")
            #expect(try Files.readText(outside.appending("other")) == "other")
            #expect(Files.facts(output.appending("files/srv/app/d"))?.kind == .symlink)
            let note = report.notes.first { $0.path == "srv/app/d/job" }
            #expect(note?.text == "left out: it lies below the link /srv/app/d, as are 2 other names")
            let why = report.unexplained.filter { $0.path.hasPrefix("srv/app/d/") }.map(\.why)
            #expect(why == Array(repeating: "it lies below the link /srv/app/d", count: 3))
        }
    }

    @Test func `a link that comes after what lies below it is left out itself`() async throws {
        try await Sandbox.with { sandbox in
            let outside = try sandbox.write("job", to: "host/job").removingLastComponent()
            let output = sandbox.path.appending("out")
            let archive = Archive(server: Self.hostile(outside.string, isLinkFirst: false))
            let report = try Adoption(source: archive, output: output).run().report
            #expect(try Files.list(outside) == ["job"])
            #expect(try Files.readText(outside.appending("job")) == "job")
            let folder = output.appending("files/srv/app/d")
            #expect(try Files.list(folder) == ["job", "new", "other"])
            #expect(try Files.readText(folder.appending("job")) == "from the archive")
            #expect(
                report.notes.first { $0.path == "srv/app/d" }?.text == "left out: a folder has the same name"
            )
        }
    }

    @Test func `the output is entered through no link`() async throws {
        try await Sandbox.with { sandbox in
            let outside = try sandbox.write("job", to: "host/job").removingLastComponent()
            let tree = AdoptedTree(sandbox.path.appending("out"))
            try Files.createDirectory(tree.root)
            try tree.write(ServerContent(bytes: Array("x".utf8)), to: ServerNode("a/x", .file))
            try tree.link("a/d", to: outside.string)
            #expect(throws: SystemError.self) { try tree.makeFolder("a/d/new") }
            #expect(throws: SystemError.self) { try tree.link("a/d/job", to: "/etc/passwd") }
            #expect(throws: SystemError.self) { try tree.link("a/d/job", sharing: "a/x") }
            #expect(throws: SystemError.self) { try tree.link("a/y", sharing: "a/d/job") }
            #expect(throws: SystemError.self) {
                try tree.write(ServerContent(bytes: [1]), to: ServerNode("a/d/job", .file))
            }
            #expect(try Files.list(outside) == ["job"])
            #expect(try Files.readText(outside.appending("job")) == "job")
            // In the link's own place something else may come.
            try tree.write(ServerContent(bytes: Array("y".utf8)), to: ServerNode("a/d", .file))
            #expect(try tree.link("a/z", sharing: "a/x"))
            #expect(try Files.readText(tree.root.appending("files/a/z")) == "x")
        }
    }

    @Test(arguments: ["", "/x", "../x", "a/../../x", "a//x", "a/./x", "a/..", "x\u{0}y"])
    func `a name that is no path in a root is written nowhere`(path: String) async throws {
        try await Sandbox.with { sandbox in
            let tree = AdoptedTree(sandbox.path.appending("out"))
            try Files.createDirectory(tree.root)
            #expect(throws: SystemError.self) { try tree.makeFolder(path) }
            #expect(throws: SystemError.self) { try tree.link(path, to: "y") }
            #expect(throws: SystemError.self) { try tree.link("y", sharing: path) }
            #expect(throws: SystemError.self) { try tree.link(path, sharing: "y") }
            #expect(throws: SystemError.self) {
                try tree.write(ServerContent(bytes: [1]), to: ServerNode(path, .file))
            }
            #expect(try Files.list(sandbox.path) == ["out"])
        }
    }
}
