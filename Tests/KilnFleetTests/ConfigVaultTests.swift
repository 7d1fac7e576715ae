import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `The configuration store` {
    private struct Place {
        let vault: ConfigVault
        let catalog: FilePath
        let keyFile: FilePath

        init(_ sandbox: Sandbox, key: String = "config.key") throws {
            catalog = sandbox.path.appending("kiln.db")
            keyFile = sandbox.path.appending(key)
            vault = ConfigVault(try Catalog(path: catalog), keyFile: keyFile)
        }

        func set(_ value: String, _ key: String, at path: String = "shop") async throws -> Int64 {
            try await vault.set(Array(value.utf8), at: path, key, author: "anna", time: 7).version
        }

        func get(_ key: String, version: Int64? = nil) async throws -> String {
            String(decoding: try await vault.value(at: "shop", key, version: version), as: UTF8.self)
        }

        func sql(_ text: String) async throws -> String {
            let script = """
                import sqlite3,sys
                c=sqlite3.connect(sys.argv[1])
                for row in c.execute(sys.argv[2]): print(*[v.hex() if isinstance(v,bytes) else v for v in row])
                c.commit()
                """
            return try await ToolRunner().run(
                ToolInvocation("python3", ["-c", script, catalog.string, text])
            ).text
        }
    }

    private func code(_ body: () async throws -> Void) async -> ConfigError.Code? {
        await #expect(throws: ConfigError.self) { try await body() }?.code
    }

    @Test func `gives back what was set, numbers every change and tells who made it`() async throws {
        try await Sandbox.with { sandbox in
            let place = try Place(sandbox)
            #expect(try await place.set("debug", "log_level") == 1)
            #expect(try await place.set("7", "limit") == 2)
            #expect(try await place.set("info", "log_level") == 3)
            #expect(try await place.set("info", "log_level") == 3, "what is there changes nothing")
            #expect(try await place.get("log_level") == "info")
            #expect(try await place.get("log_level", version: 1) == "debug")
            let gone = try await place.vault.unset("shop", "limit", author: "bert", time: 8)
            #expect(gone.version == 4 && gone.isRemoval)
            #expect(try await place.vault.entries().map(\.key) == ["log_level"])
            #expect(try await place.vault.history(of: "shop").map(\.version) == [1, 2, 3, 4])
            #expect(try await place.vault.history(of: "shop", "limit").map(\.author) == ["anna", "bert"])
            let snapshot = try await place.vault.snapshot(of: "shop")
            #expect(snapshot == ConfigSnapshot(values: ["log_level": Array("info".utf8)], version: 4))
            #expect(await code { _ = try await place.get("limit") } == .unknown)
            #expect(await code { _ = try await place.get("log_level", version: 2) } == .unknown)
            #expect(await code { _ = try await place.vault.snapshot(of: "other") } == .unknown)
            #expect(await code { _ = try await place.vault.history(of: "shop", "none") } == .unknown)
            let long = [UInt8](repeating: 1, count: ConfigVault.valueLimit + 1)
            #expect(
                await code { _ = try await place.vault.set(long, at: "shop", "x", author: "a") } == .tooLong
            )
        }
    }

    @Test func `keeps no value in the clear, and no nonce twice`() async throws {
        try await Sandbox.with { sandbox in
            let place = try Place(sandbox)
            for round in 0..<40 { _ = try await place.set("the-very-secret \(round % 2)", "key") }
            let rows = try await place.sql("SELECT sealed FROM config").split(separator: "\n")
            #expect(rows.count == 40)
            #expect(Set(rows.map { $0.prefix(24) }).count == 40, "12 bytes of nonce")
            #expect(Set(rows).count == 40, "the same value looks different each time")
            for name in try Files.list(sandbox.path) where name.hasPrefix("kiln.db") {
                let bytes = try Files.read(sandbox.path.appending(name))
                #expect(!String(decoding: bytes, as: UTF8.self).contains("the-very-secret"))
            }
            #expect(Files.facts(place.keyFile).map { $0.mode & 0o777 } == 0o600)
        }
    }

    @Test func `gives nothing without its key, or with another`() async throws {
        try await Sandbox.with { sandbox in
            let place = try Place(sandbox)
            _ = try await place.set("1", "a")
            let key = try Files.readText(place.keyFile)
            try Files.remove(place.keyFile)
            #expect(await code { _ = try await place.get("a") } == .key)
            #expect(await code { _ = try await place.vault.snapshot(of: "shop") } == .key)
            #expect(await code { _ = try await place.set("2", "a") } == .key, "no other key is made")
            #expect(!Files.exists(place.keyFile))
            try Files.write(String(repeating: "ab", count: 32) + "\n", to: place.keyFile, mode: 0o600)
            #expect(await code { _ = try await place.get("a") } == .wrongKey)
            #expect(await code { _ = try await place.set("2", "a") } == .wrongKey)
            for broken in ["", "abc", String(repeating: "zz", count: 32), key + key] {
                try Files.write(broken, to: place.keyFile, mode: 0o600)
                #expect(await code { _ = try await place.get("a") } == .key)
            }
            try Files.write(key, to: place.keyFile, mode: 0o640)
            #expect(await code { _ = try await place.get("a") } == .key, "others may read it")
            try Files.write(key, to: place.keyFile, mode: 0o600)
            #expect(try await place.get("a") == "1")
        }
    }

    @Test func `makes another key once nothing that is set needs the lost one`() async throws {
        try await Sandbox.with { sandbox in
            let place = try Place(sandbox)
            _ = try await place.set("1", "a")
            _ = try await place.set("2", "b")
            try Files.remove(place.keyFile)
            _ = try await place.vault.unset("shop", "a", author: "anna", time: 8)
            #expect(await code { _ = try await place.set("3", "a") } == .key, "b is set still")
            _ = try await place.vault.unset("shop", "b", author: "anna", time: 8)
            #expect(try await place.set("3", "a") == 5)
            #expect(try await place.get("a") == "3")
            #expect(await code { _ = try await place.get("a", version: 1) } == .wrongKey)
        }
    }

    @Test func `takes a new value in place of one that was damaged`() async throws {
        try await Sandbox.with { sandbox in
            let place = try Place(sandbox)
            _ = try await place.set("value", "a")
            _ = try await place.sql("UPDATE config SET sealed = x'00' WHERE version = 1")
            #expect(try await place.set("value", "a") == 2)
            #expect(try await place.get("a") == "value")
        }
    }

    @Test func `takes no value that was changed, or put into another place`() async throws {
        let tricks = [
            "UPDATE config SET sealed = substr(sealed, 1, length(sealed) - 1) || x'00' WHERE version = 1",
            "UPDATE config SET sealed = x'00' WHERE version = 1",
            "UPDATE config SET sealed = (SELECT sealed FROM config WHERE version = 2) WHERE version = 1",
            "UPDATE config SET key = 'c' WHERE version = 1",
            "UPDATE config SET path = 'other' WHERE version = 1",
            "UPDATE config SET version = 9 WHERE version = 1",
            "UPDATE config SET secret = 1 WHERE version = 1",
        ]
        for trick in tricks {
            try await Sandbox.with { sandbox in
                let place = try Place(sandbox)
                _ = try await place.set("first value", "a")
                _ = try await place.set("other value", "b")
                _ = try await place.sql(trick)
                let changed = try #require(
                    try await place.vault.entries().first { $0.key != "b" || $0.path != "shop" }
                )
                #expect(
                    await code {
                        _ = try await place.vault.value(at: changed.path, changed.key, revealing: true)
                    } == .tampered,
                    "\(trick)"
                )
            }
        }
    }

    @Test func `gives secrets to instances alone, and to who asks for just that`() async throws {
        try await Sandbox.with { sandbox in
            let place = try Place(sandbox)
            func secret(_ key: String) async throws -> String {
                String(decoding: try await place.vault.secret(at: "shop", key, for: "db"), as: UTF8.self)
            }
            func hide(_ value: String, _ key: String) async throws -> ConfigChange {
                try await place.vault.set(
                    Array(value.utf8),
                    at: "shop",
                    key,
                    asSecret: true,
                    author: "anna",
                    time: 7
                )
            }
            #expect(await code { _ = try await secret("word") } == .secret, "it is not there")
            _ = try await place.set("plain", "word")
            #expect(await code { _ = try await secret("word") } == .secret, "it is no secret")
            #expect(try await hide("plain", "word").version == 2, "the same value with a mark is another")
            #expect(try await secret("word") == "plain")
            #expect(try await hide("one", "word").isSecret)
            #expect(try await place.set("two", "word") == 4, "it stays a secret without being told again")
            #expect(try await secret("word") == "two")
            for version: Int64? in [nil, 4, 1] {
                #expect(await code { _ = try await place.get("word", version: version) } == .secret)
            }
            let shown = try await place.vault.value(at: "shop", "word", revealing: true)
            #expect(shown == Array("two".utf8))
            _ = try await place.set("debug", "log_level")
            let snapshot = try await place.vault.snapshot(of: "shop")
            #expect(
                snapshot
                    == ConfigSnapshot(
                        values: ["log_level": Array("debug".utf8)],
                        version: 5,
                        secrets: ["word"]
                    )
            )
            #expect(try await place.vault.entries().map(\.isSecret) == [false, true])
            _ = try await place.vault.unset("shop", "word", author: "anna")
            #expect(await code { _ = try await secret("word") } == .secret)
            _ = try await place.set("open", "word")
            #expect(try await place.get("word") == "open", "what was unset may begin anew")
            #expect(await code { _ = try await place.get("word", version: 3) } == .secret)
            _ = try await place.sql("UPDATE config SET secret = 0")
            #expect(
                await code { _ = try await place.get("word", version: 4) } == .tampered,
                "a secret without its mark does not open"
            )
        }
    }

    @Test(arguments: [true, false])
    func `keeps a secret out of releases, whole path or one key`(wholePath: Bool) async throws {
        try await Sandbox.with { sandbox in
            let place = try Place(sandbox)
            _ = try await place.vault.set([1], at: "shop", "word", asSecret: true, author: "anna")
            _ = try await place.set("debug", "log_level")
            let source = ConfigSource(
                store: .own(path: "shop"),
                use: wholePath ? .variables(prefix: "") : .file(key: "word"),
                target: wholePath ? "" : "/etc/word"
            )
            let resolver = ConfigResolver(store: place.vault, home: KilnHome(root: sandbox.path))
            let error = await #expect(throws: FleetError.self) {
                try await resolver.resolve(ConfigDefinition(sources: [source]), directory: sandbox.path)
            }
            #expect(error?.code == .config && error?.message.contains("is a secret") == true)
            let other = ConfigSource(
                store: .own(path: "shop"),
                use: .file(key: "log_level"),
                target: "/etc/log"
            )
            let resolved = try await resolver.resolve(
                ConfigDefinition(sources: [other]),
                directory: sandbox.path
            )
            #expect(resolved.files.map(\.content) == [Array("debug".utf8)])
        }
    }

    @Test func `goes with a backup, its key apart`() async throws {
        try await Sandbox.with { sandbox in
            let home = KilnHome(root: sandbox.path.appending("home"))
            let vault = ConfigVault(try Catalog(path: home.catalog), keyFile: home.configKey)
            _ = try await vault.set(Array("x".utf8), at: "shop", "a", author: "anna")
            let file = sandbox.path.appending("backup")
            let manifest = try await HomeBackup(home: home).write(to: file)
            #expect(!manifest.files.contains { $0.name.contains("key") })
            let error = await #expect(throws: BackupError.self) {
                try await HomeBackup(home: home).restore(from: file)
            }
            #expect(error?.code == .history, "what is set is not written over")
            let other = KilnHome(root: sandbox.path.appending("other"))
            _ = try await HomeBackup(home: other).restore(from: file)
            let restored = ConfigVault(try Catalog(path: other.catalog), keyFile: other.configKey)
            #expect(await code { _ = try await restored.value(at: "shop", "a") } == .key)
            let withKey = ConfigVault(try Catalog(path: other.catalog), keyFile: home.configKey)
            #expect(try await withKey.value(at: "shop", "a") == Array("x".utf8))
        }
    }
}
