import KilnAdopt
import KilnDefinition
import KilnDiagnostics
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `Adopting a server` {
    private static func adopt(
        _ server: MemoryServer,
        _ body: (AdoptReport, String, FilePath) throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let output = sandbox.path.appending("out")
            let adopted = try Adoption(source: server, output: output).run()
            let text = try Files.readText(output.appending("kiln.yaml"))
            try body(adopted.report, text, output)
        }
    }

    @Test func `writes a definition that is read back, with packages, files, user, state and secret`()
        async throws
    {
        try await Self.adopt(.shop) { report, text, output in
            let definition = try DefinitionReader.read(file: output.appending("kiln.yaml"), environment: nil)
            let image = try #require(definition.images[try ImageName(parsing: "shop")])
            #expect(image.packages.map { "\($0)" } == ["nginx"])
            #expect(image.users.map(\.name) == ["shop"] && image.users[0].uid == 999)
            #expect(
                image.files.map(\.target) == [
                    "/etc/cron.d/shop", "/etc/nginx/nginx.conf", "/etc/systemd/system/shop.service",
                    "/opt/shop", "/usr/local/bin/tool",
                ]
            )
            #expect(image.files.first { $0.target == "/opt/shop" }?.owner == "shop")
            #expect(text.contains("# differs from the package nginx 1.0 (md5)"))
            #expect(text.contains("installed by hand: apt's extended_states does not mark it as automatic"))
            #expect(text.contains("- {path: /opt/shop/uploads, volume: uploads, access: shared}"))
            #expect(text.contains("- {path: /var/lib/shop, volume: shop, access: shared}"))
            #expect(text.contains("target: /etc/shop/env}"))
            #expect(text.contains("ports: {http: 8000}"))
            #expect(report.accountedFiles > 0.9 && report.deleted == 1)
        }
    }

    @Test func `copies content and links, and no secret, byte code, state or person's file`() async throws {
        try await Self.adopt(.shop) { report, _, output in
            let files = output.appending("files")
            #expect(try Files.readText(files.appending("etc/nginx/nginx.conf")).contains("8081"))
            #expect(Files.facts(files.appending("opt/shop/run"))?.mode == 0o755)
            #expect(Files.facts(files.appending("opt/shop/current"))?.kind == .symlink)
            for absent in [
                "opt/shop/uploads/1.jpg", "opt/shop/lib/__pycache__/a.pyc", "etc/shop/env",
                "home/alice/notes.txt", "etc/shadow", "var/lib/shop/data.bin",
            ] {
                #expect(!Files.exists(files.appending(absent)), "\(absent)")
            }
            #expect(report.secrets.map(\.path).contains("etc/shop/env"))
            #expect(report.secrets.contains { $0.path == "etc/shadow" && $0.subject == "alice" })
            #expect(report.unexplained.map(\.path) == ["home/alice/notes.txt"])
            let script = try Files.readText(output.appending("arrange.sh"))
            #expect(script.contains("rm -rf /usr/share/doc/nginx\n"))
            #expect(script.contains("chown -h root:adm /usr/local/bin/tool"))
            #expect(script.contains("usermod -aG adm shop"))
        }
    }

    @Test func `starts a service by a shell where its variables are secret`() async throws {
        try await Self.adopt(.shop) { _, text, _ in
            #expect(
                text.contains(
                    #"entrypoint: [/bin/sh, "-c", "set -a; . /etc/shop/env; set +a; exec \"$@\"", shop, /opt/shop/run, "--port", "8000"]"#
                )
            )
            #expect(text.contains("user: shop") && text.contains("workdir: /opt/shop"))
        }
    }

    @Test func `several services become an image and a fleet each, and it says so`() async throws {
        var server = MemoryServer.shop
        server.link(
            "etc/systemd/system/multi-user.target.wants/nginx.service",
            "/usr/lib/systemd/system/nginx.service"
        )
        try await Self.adopt(server) { report, text, output in
            #expect(report.services.map(\.name) == ["nginx", "shop"])
            #expect(text.contains("Kiln runs one application in an image"))
            let definition = try DefinitionReader.read(file: output.appending("kiln.yaml"), environment: nil)
            #expect(Set(definition.fleets.keys.map { "\($0)" }) == ["nginx", "shop-app"])
            #expect(text.contains(#"entrypoint: [/usr/sbin/nginx, "-g", "daemon off;"]"#))
        }
    }

    @Test func `without a database of packages it says what it can still do`() async throws {
        var server = MemoryServer.shop
        server.nodes.removeAll { $0.path.hasPrefix("var/lib/dpkg") }
        try await Self.adopt(server) { report, _, output in
            #expect(report.notes.contains { $0.text.contains("there is no database of packages") })
            #expect(report.unexplained.contains { $0.path == "usr/sbin/nginx" })
            #expect(Files.exists(output.appending("files/opt/shop/run")))
        }
    }

    @Test func `a damaged database is read as far as it goes`() async throws {
        var server = MemoryServer.shop
        server.append("var/lib/dpkg/status", "Package: broken\nVersion: 1\n\n\u{0}\u{1}garbage\n")
        try await Self.adopt(server) { report, _, _ in
            #expect(report.notes.contains { $0.text.contains("1 paragraph is damaged") })
            #expect(report.packages.chosen.map(\.name) == ["nginx"])
        }
    }

    @Test func `what is no root, or would be written over, is refused`() async throws {
        try await Sandbox.with { sandbox in
            let output = sandbox.path.appending("out")
            var nothing = MemoryServer()
            nothing.file("readme", "x")
            let empty = nothing
            #expect(throws: AdoptError(.notARoot, "memory")) {
                try Adoption(source: empty, output: output).run()
            }
            try sandbox.write("mine", to: "out/mine.txt")
            #expect(throws: AdoptError(.notEmpty, output.string)) {
                try Adoption(source: MemoryServer.shop, output: output).run()
            }
            var forced = Adoption(source: MemoryServer.shop, output: output)
            forced.isForced = true
            _ = try forced.run()
            #expect(Files.exists(output.appending("mine.txt")) && Files.exists(output.appending("kiln.yaml")))
        }
    }

    @Test(arguments: [
        ("var/log/x/y.log", Share.noise), ("etc/machine-id", .noise), ("etc/ld.so.cache", .noise),
        ("var/lib/apt/lists/x", .noise),
        ("etc/ssh/ssh_host_rsa_key", .secret), ("etc/ssh/ssh_host_rsa_key.pub", .noise),
        ("etc/app.conf", .copied), ("opt/x/bin/x", .copied),
        ("srv/site/index.html", .copied), ("var/lib/postgresql/15/main/base/1", .state),
        ("srv/site/uploads/x", .state), ("data/x", .state),
        ("var/spool/postfix/x", .state), ("opt/x/__pycache__/x.pyc", .noise), ("opt/x/.git/HEAD", .noise),
        ("opt/x/logs/a", .noise),
        ("home/alice/x", .unexplained), ("root/.bash_history", .noise), ("root/.ssh/authorized_keys", .noise),
        ("etc/x.dpkg-old", .noise),
        ("usr/lib/x/hand.so", .copied), ("boot/initrd.img-6", .noise), ("opt/x/app.sqlite3", .state),
        ("etc/letsencrypt/live/x", .state),
    ])
    func `each place has its share`(path: String, share: Share) async throws {
        var server = MemoryServer()
        server.package(
            "base-files",
            ["etc/debian_version": "12\n"],
            fields: "Essential: yes\nPriority: required\n"
        )
        server.file(path, "something")
        try await Self.adopt(server) { report, _, _ in
            let before: [Share: Int] = [.stock: 1, .noise: 3]
            for other in Share.allCases {
                #expect(
                    report.share(other).files == (before[other] ?? 0) + (other == share ? 1 : 0),
                    "\(other)"
                )
            }
        }
    }

    @Test(arguments: 0..<30)
    func `a server of damaged records never breaks it, and the definition stays one`(
        seed: UInt64
    ) async throws {
        var noise = Noise(seed: seed &+ 1000)
        var server = MemoryServer.shop
        for path in server.contents.keys.sorted() where noise.next() % 3 == 0 && path != "etc/os-release" {
            let text = String(decoding: server.contents[path] ?? [], as: UTF8.self)
            let bytes = noise.mutated([text, "evil: [\"${x}\" #\n", "a'b$(c)`d`\\\n"])
            server.contents[path] = bytes
            if let place = server.nodes.firstIndex(where: { $0.path == path }) {
                server.nodes[place].size = Int64(bytes.count)
            }
        }
        try await Self.adopt(server) { _, text, output in
            #expect(!text.contains("Tr0ub4dor-and-3"))
            _ = try DefinitionReader.read(file: output.appending("kiln.yaml"), environment: nil)
        }
    }
}
