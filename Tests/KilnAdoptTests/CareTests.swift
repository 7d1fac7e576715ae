import KilnAdopt
import KilnArchive
import KilnDefinition
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// What a person has to be able to rely on before the definition is baked.
@Suite struct `Adopting with care` {
    private static func adopt(
        _ server: MemoryServer,
        _ body: (AdoptReport, String, String) throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let output = sandbox.path.appending("out")
            let adopted = try Adoption(source: server, output: output).run()
            let script = output.appending("arrange.sh")
            _ = try DefinitionReader.read(file: output.appending("kiln.yaml"), environment: nil)
            try body(
                adopted.report,
                try Files.readText(output.appending("kiln.yaml")),
                Files.exists(script) ? try Files.readText(script) : ""
            )
        }
    }

    private static func place(_ path: String, _ server: MemoryServer) throws -> Int {
        try #require(server.nodes.firstIndex { $0.path == path })
    }

    @Test func `what could not be read is not taken for deleted`() async throws {
        var server = MemoryServer.shop
        let place = try Self.place("usr/sbin", server)
        server.nodes[place].unreadable = "it cannot be opened: Permission denied"
        server.nodes.removeAll { $0.path.hasPrefix("usr/sbin/") }
        try await Self.adopt(server) { report, _, script in
            #expect(!script.contains("usr/sbin"), "\(script)")
            #expect(report.deleted == 1 && report.unexplained.contains { $0.path == "usr/sbin" })
        }
    }

    @Test func `what is left out on purpose is not taken for deleted`() async throws {
        try await Sandbox.with { sandbox async throws in
            var server = MemoryServer.shop
            server.nodes.removeAll { $0.path == "usr/sbin" || $0.path.hasPrefix("usr/sbin/") }
            var adoption = Adoption(source: server, output: sandbox.path.appending("out"))
            adoption.excluded = ["usr/sbin"]
            #expect(try adoption.run().report.deleted == 1)
        }
    }

    @Test func `what lies behind a link in a folder's place is not taken for deleted`() async throws {
        var server = MemoryServer.shop
        server.nodes.removeAll { $0.path == "usr/sbin" || $0.path.hasPrefix("usr/sbin/") }
        server.link("usr/sbin", "/data/sbin")
        try await Self.adopt(server) { report, _, script in
            #expect(!script.contains("usr/sbin"), "\(script)")
            #expect(
                report.unexplained.first { $0.path == "usr/sbin" }?.why
                    == "a link, where packages have a folder"
            )
        }
    }

    @Test func `an archive that names no folders has them all the same`() async throws {
        var server = MemoryServer.shop
        server.nodes.removeAll { $0.isDirectory }
        try await Self.adopt(server) { report, _, script in
            #expect(report.deleted == 1 && !script.contains("rm -rf /usr/sbin"), "\(script)")
            #expect(script.contains("rm -rf /usr/share/doc"))
        }
    }

    @Test func `a folder that is gone from all packages is deleted once, and says so`() async throws {
        var server = MemoryServer.shop
        server.package("other", ["usr/share/man/x": "x"], deleted: ["usr/share/man/x"])
        server.package("third", ["usr/share/man/y": "y"], deleted: ["usr/share/man/y"])
        server.nodes.removeAll { $0.path == "usr/share/man" }
        try await Self.adopt(server) { _, _, script in
            #expect(
                script.contains("# deleted by hand: several packages bring it\nrm -rf /usr/share/man\n"),
                "\(script)"
            )
            #expect(!script.contains("/usr/share/man/"))
        }
    }

    @Test func `nginx's own site is deleted where somebody took it out`() async throws {
        var server = MemoryServer.shop
        server.package(
            "nginx-common",
            ["etc/nginx/sites-available/default": "x", "etc/nginx/sites-enabled/.k": ""]
        )
        try await Self.adopt(server) { _, _, script in
            #expect(script.contains("rm -rf /etc/nginx/sites-enabled/default\n"), "\(script)")
        }
        server.link("etc/nginx/sites-enabled/default", "/etc/nginx/sites-available/default")
        try await Self.adopt(server) { _, _, script in
            #expect(!script.contains("sites-enabled/default\n") || script.contains("ln -sfn"), "\(script)")
            #expect(!script.contains("rm -rf /etc/nginx"))
        }
    }

    @Test func `a service whose command cannot be told is an image without a fleet, and it says so`()
        async throws
    {
        var server = MemoryServer.shop
        server.contents["etc/systemd/system/shop.service"] = Array("[Service]\nUser=shop\n".utf8)
        try await Self.adopt(server) { report, text, _ in
            #expect(text.contains("No fleet for shop: what starts it could not be told."))
            #expect(!text.contains("fleets:") && text.contains("Its secret /etc/shop/env"))
            #expect(
                report.notes.contains { $0.text.contains("the image shop has no entrypoint and no fleet") }
            )
        }
    }

    @Test func `a server that starts nothing is an image, and it says so`() async throws {
        var server = MemoryServer.shop
        server.nodes.removeAll { $0.path.hasSuffix("shop.service") }
        try await Self.adopt(server) { report, text, _ in
            #expect(text.contains("No service that the server starts was found") && !text.contains("fleets:"))
            #expect(report.notes.contains { $0.text.contains("without an entrypoint and without a fleet") })
        }
    }

    @Test func `capabilities given by hand come back last, with the tool for it`() async throws {
        var server = MemoryServer.shop
        let place = try Self.place("usr/local/bin/tool", server)
        let value: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        server.nodes[place].attributes = [FileCapability.attribute: value]
        let other = try Self.place("opt/shop/run", server)
        server.nodes[other].attributes = ["system.posix_acl_access": [2, 0, 0, 0]]
        try await Self.adopt(server) { report, text, script in
            #expect(script.contains("setcap cap_net_bind_service=ep /usr/local/bin/tool\n"), "\(script)")
            let owner = try #require(script.firstRange(of: "chown -h root:adm /usr/local/bin/tool"))
            let capability = try #require(script.firstRange(of: "setcap"))
            #expect(owner.lowerBound < capability.lowerBound)
            #expect(text.contains("- libcap2-bin\n"))
            let note = report.notes.first { $0.path == "opt/shop/run" }
            #expect(note?.text == "its access control list or attributes are not carried over")
        }
    }

    @Test func `capabilities that a package gives itself are left to it`() async throws {
        var server = MemoryServer.shop
        server.file("var/lib/dpkg/info/nginx.postinst", "#!/bin/sh\nsetcap cap_net_raw+ep /usr/sbin/nginx\n")
        let place = try Self.place("usr/sbin/nginx", server)
        server.nodes[place].attributes = [
            FileCapability.attribute: [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        ]
        try await Self.adopt(server) { _, _, script in #expect(!script.contains("setcap"), "\(script)") }
    }

    @Test(
        arguments: [
            ([1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "cap_net_bind_service=ep"),
            (
                [0, 0, 0, 2, 0, 0x24, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                "cap_net_bind_service=ip cap_net_raw=p"
            ),
            ([1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "cap_perfmon=ep"),
            ([1, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], nil),
            ([1, 0, 0, 2, 0, 4, 0, 0], nil), ([], nil), ([9, 9, 9, 9], nil),
            ([1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0], nil),
        ] as [([UInt8], String?)]
    )
    func `capabilities read as setcap takes them`(bytes: [UInt8], text: String?) {
        #expect(FileCapability.text(bytes) == text)
    }

    @Test func `a group that only files have is made`() async throws {
        var server = MemoryServer.shop
        server.append("etc/group", "ops:x:1500:\n")
        server.file("usr/local/bin/other", "x", mode: 0o750, gid: 1500)
        try await Self.adopt(server) { _, _, script in
            let made = try #require(
                script.firstRange(of: "getent group ops >/dev/null || groupadd --gid 1500 ops\n")
            )
            let used = try #require(script.firstRange(of: "chown -h root:ops /usr/local/bin/other"))
            #expect(made.lowerBound < used.lowerBound)
        }
    }

    @Test func `a folder on the way home that failed leaves nothing behind`() async throws {
        try await Sandbox.with { sandbox in
            var server = MemoryServer.shop
            server.failsAt = "opt/shop/run"
            let output = sandbox.path.appending("out")
            let failing = server
            #expect(throws: MemoryServer.Failure.self) { try Adoption(source: failing, output: output).run() }
            #expect(!Files.exists(output))
            try sandbox.write("mine", to: "kept/mine.txt")
            var forced = Adoption(source: failing, output: sandbox.path.appending("kept"))
            forced.isForced = true
            let ready = forced
            #expect(throws: MemoryServer.Failure.self) { try ready.run() }
            #expect(try Files.list(sandbox.path.appending("kept")) == ["mine.txt"])
        }
    }
}
