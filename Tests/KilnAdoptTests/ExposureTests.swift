import KilnAdopt
import KilnDefinition
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

/// What the report and the definition tell of a server, and to whom.
@Suite struct `What an adopted server tells` {
    private static let secret = "Tr0ub4dor-and-3"

    private static func adopt(
        _ server: MemoryServer,
        _ body: (AdoptReport, String, FilePath) throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let output = sandbox.path.appending("out")
            let adopted = try Adoption(source: server, output: output).run()
            let text = try Files.readText(output.appending("kiln.yaml"))
            _ = try DefinitionReader.read(file: output.appending("kiln.yaml"), environment: nil)
            let told = try text + Files.readText(output.appending("adopt.json"))
            #expect(!told.contains(Self.secret), "\(told)")
            try body(adopted.report, text, output)
        }
    }

    private static func timer(_ name: String, _ command: String, in server: inout MemoryServer) {
        let folder = "etc/systemd/system"
        server.file("\(folder)/\(name).timer", "[Timer]\nOnCalendar=daily\n")
        server.file("\(folder)/\(name).service", "[Service]\nExecStart=\(command)\n")
        server.link("\(folder)/timers.target.wants/\(name).timer", "/\(folder)/\(name).timer")
    }

    @Test(arguments: [
        "/opt/backup --password=Tr0ub4dor-and-3", "/opt/backup --password Tr0ub4dor-and-3",
        "/bin/sh -c \"mysqldump -uroot -pTr0ub4dor-and-3 shop > /srv/dump\"",
        "/usr/bin/mysqldump -u root -pTr0ub4dor-and-3 shop",
        "/usr/bin/curl -u shop:Tr0ub4dor-and-3 http://backup/",
        "/usr/bin/curl http://shop:Tr0ub4dor-and-3@backup/",
    ])
    func `what a timer or a cron job runs is not told where it holds a secret`(command: String) async throws {
        var server = MemoryServer.shop
        Self.timer("backup", command, in: &server)
        Self.timer("tidy", "/opt/shop/run --tidy", in: &server)
        server.file("etc/cron.d/backup", "0 3 * * * root \(command)\n")
        try await Self.adopt(server) { report, _, _ in
            let untold = "(left out: it holds a secret)"
            #expect(report.timers.map(\.command) == [untold, "/opt/shop/run --tidy"])
            #expect(report.timers.map(\.schedule) == ["OnCalendar=daily", "OnCalendar=daily"])
            #expect(report.jobs.map(\.command) == [untold, "/opt/shop/run --tidy"])
        }
    }

    @Test(arguments: [
        "/usr/bin/mysqldump -u root -pTr0ub4dor-and-3 shop",
        "/bin/sh -c \"exec mysql -uroot -pTr0ub4dor-and-3 shop\"",
    ])
    func `a database's password is taken out of a command`(command: String) async throws {
        var server = MemoryServer.shop
        server.contents["etc/systemd/system/shop.service"] = Array("[Service]\nExecStart=\(command)\n".utf8)
        try await Self.adopt(server) { _, text, _ in
            #expect(text.contains("SECRET-LEFT-OUT"), "\(text)")
        }
    }

    @Test func `a credential in a package's file of variables is left out`() async throws {
        var server = MemoryServer.shop
        server.package("helper", ["etc/default/shop": "SHOP_LOG=debug\nSHOP_PASSWORD=\(Self.secret)\n"])
        server.contents["etc/systemd/system/shop.service"] = Array(
            "[Service]\nExecStart=/opt/shop/run\nEnvironmentFile=/etc/default/shop\n".utf8
        )
        try await Self.adopt(server) { _, text, _ in
            #expect(text.contains("SHOP_LOG: debug"), "\(text)")
            #expect(text.contains("/etc/default/shop sets SHOP_PASSWORD, which is a credential"), "\(text)")
        }
    }

    @Test func `a folder that was open to all is closed to others`() async throws {
        try await Sandbox.with { sandbox in
            let output = sandbox.path.appending("out")
            try Files.createDirectory(output, mode: 0o755)
            _ = try Adoption(source: MemoryServer.shop, output: output).run()
            #expect(Files.facts(output)?.mode == 0o700)
        }
    }

    @Test func `credentials of a unit are named in the order of their names`() async throws {
        var server = MemoryServer.shop
        let names = ["H", "C", "A", "G", "B", "F", "E", "D"].map { "\($0)_PASSWORD" }
        let variables = names.map { "Environment=\($0)=\(Self.secret)\n" }.joined()
        server.contents["etc/systemd/system/shop.service"] = Array(
            "[Service]\nExecStart=/opt/shop/run\n\(variables)".utf8
        )
        try await Self.adopt(server) { _, text, _ in
            let places = try names.sorted().map { name -> String.Index in
                let range = try #require(text.firstRange(of: "the unit sets \(name),"))
                return range.lowerBound
            }
            #expect(places == places.sorted())
        }
    }

    @Test(arguments: ["\u{80}", "\u{85}", "\u{9F}", "\u{2028}", "\u{2029}", "\u{FFFE}", "\u{FFFF}"])
    func `a name that YAML cannot hold as it is is still read back`(character: String) async throws {
        var server = MemoryServer.shop
        server.file("etc/shop/a\(character)b.env", "DB_PASSWORD=\(Self.secret)\n")
        server.file("usr/local/bin/a\(character)b", "tool", mode: 0o755)
        try await Self.adopt(server) { _, text, output in
            #expect(!text.unicodeScalars.contains { character.unicodeScalars.contains($0) })
            let definition = try DefinitionReader.read(file: output.appending("kiln.yaml"), environment: nil)
            let image = try #require(definition.images[try ImageName(parsing: "shop")])
            #expect(image.files.contains { $0.target == "/usr/local/bin/a\(character)b" })
        }
    }
}
