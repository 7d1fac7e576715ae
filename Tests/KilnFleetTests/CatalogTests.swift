import Dispatch
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnRollout
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `The catalog file` {
    static func lease(_ catalog: Catalog) async throws -> Lease {
        let request = LeaseRequest(
            fleet: "shop",
            holder: .current,
            reason: "test",
            now: .now,
            time: 0,
            isAlive: { _ in false }
        )
        guard case .granted(let lease) = try await catalog.acquireLease(request) else {
            throw SystemError("get the lease", .resourceBusy)
        }
        return lease
    }

    private static func sqlite(_ path: FilePath, _ sql: String) async throws {
        try await ToolRunner().run(
            ToolInvocation(
                "python3",
                [
                    "-c",
                    "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.close()",
                    path.string, sql,
                ]
            )
        )
    }

    @Test func `gives back what was written, also to the next process`() async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("home").appending("kiln.db")
            let release = Release(
                fleet: "shop",
                number: ReleaseNumber(rawValue: 1),
                content: Stage.content("1"),
                created: 5
            )
            var record = FleetRecord(name: "shop", policy: Stage.policy(), created: 5)
            record.rollout.begin(.init(1), now: .init(nanoseconds: 7))
            let instance = InstanceRecord(
                id: InstanceID("shop-1-aaaa"),
                slot: 0,
                release: release.number,
                created: 6,
                condemned: "drift"
            )
            let digest = try release.content.digest()
            do {
                let catalog = try Catalog(path: path)
                let lease = try await Self.lease(catalog)
                try await catalog.commit(
                    [
                        .putFleet(record), .addRelease(ReleaseRecord(release: release, digest: digest)),
                        .putInstance(instance), .markStable(release.number, at: 9),
                        .quarantine(release.number, .init(reason: "no", time: 10)),
                        .addEvent(FleetEvent(time: 1, fleet: "shop", kind: .fleetCreated, message: "made")),
                    ],
                    under: lease
                )
            }
            let catalog = try Catalog(path: path)
            #expect(try await catalog.fleet("shop") == record)
            #expect(try await catalog.instances(of: "shop") == [instance])
            let known = try await catalog.releases(of: "shop")
            #expect(known.map(\.release) == [release])
            #expect(known.first?.stable == 9)
            #expect(known.first?.quarantine?.reason == "no")
            let entry = ReleaseEntry(
                number: release.number,
                digest: digest,
                image: release.content.image,
                imageName: "shop",
                imageVersion: "1",
                created: 5,
                stable: 9,
                quarantine: .init(reason: "no", time: 10)
            )
            #expect(try await catalog.releaseEntries(of: "shop") == [entry])
            #expect(try await catalog.release(release.number, of: "shop") == release)
            #expect(try await catalog.release(ReleaseNumber(rawValue: 2), of: "shop") == nil)
            #expect(try await catalog.events(of: nil, after: 0, limit: 5).map(\.message) == ["made"])
            #expect(try await catalog.events(of: "other", after: 0, limit: 5).isEmpty)
        }
    }

    @Test func `takes all edits of a commit or none`() async throws {
        try await Sandbox.with { sandbox in
            let catalog = try Catalog(path: sandbox.path.appending("kiln.db"))
            let lease = try await Self.lease(catalog)
            let release = Release(
                fleet: "shop",
                number: ReleaseNumber(rawValue: 1),
                content: Stage.content("1"),
                created: 5
            )
            let record = ReleaseRecord(release: release, digest: Digest(of: "x"))
            let event = FleetEvent(time: 1, fleet: "shop", kind: .releaseMade, message: "made")
            await #expect(throws: CatalogError.self) {
                try await catalog.commit(
                    [.addEvent(event), .addRelease(record), .addRelease(record)],
                    under: lease
                )
            }
            #expect(try await catalog.releases(of: "shop").isEmpty)
            #expect(try await catalog.events(of: nil, after: 0, limit: 5).isEmpty)
        }
    }

    @Test func `keeps the newest events of each fleet`() async throws {
        try await Sandbox.with { sandbox in
            let catalog = try Catalog(path: sandbox.path.appending("kiln.db"), eventLimit: 50)
            let lease = try await Self.lease(catalog)
            for batch in 0..<4 {
                let events = (0..<100).map { n in
                    FleetEvent(time: 1, fleet: "shop", kind: .healing, message: "\(batch * 100 + n)")
                }
                try await catalog.commit(events.map { .addEvent($0) }, under: lease)
            }
            let kept = try await catalog.events(of: "shop", after: 0, limit: 1000)
            #expect(kept.count == 50)
            #expect(kept.last?.message == "399")
        }
    }

    @Test func `of a newer program is refused and left alone`() async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("kiln.db")
            _ = try Catalog(path: path)
            try await Self.sqlite(path, "PRAGMA user_version = 99;")
            let error = #expect(throws: CatalogError.self) { try Catalog(path: path) }
            #expect(error?.code == .newer)
            #expect(
                error?.message == "\(path) was written by a newer Kiln (schema 99, this one knows up to 10)"
            )
        }
    }

    @Test func `of the first version keeps its releases`() async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("kiln.db")
            let content = Stage.content("7")
            let text = String(decoding: try CanonicalJSON.encode(content), as: UTF8.self)
            let digest = try content.digest()
            try await Self.sqlite(
                path,
                """
                CREATE TABLE release (fleet TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,
                    content TEXT NOT NULL, created INTEGER NOT NULL, stable INTEGER, quarantined INTEGER,
                    quarantine_reason TEXT, PRIMARY KEY (fleet, number), UNIQUE (fleet, digest)) WITHOUT ROWID;
                CREATE TABLE event (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,
                    fleet TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL, instance TEXT, release INTEGER);
                INSERT INTO release VALUES ('shop', 3, '\(digest)', '\(text)', 5, 9, 10, 'no');
                PRAGMA application_id = \(0x4B69_6C6E);
                PRAGMA user_version = 1;
                """
            )
            let record = try #require(try await Catalog(path: path).releases(of: "shop").first)
            #expect(record.release.content == content)
            #expect(record.release.number == ReleaseNumber(rawValue: 3))
            #expect(record.digest == digest)
            #expect(record.stable == 9)
            #expect(record.quarantine == .init(reason: "no", time: 10))
            let entry = try await Catalog(path: path).releaseEntries(of: "shop").first
            #expect(entry?.image == content.image)
            #expect(entry?.imageVersion == "7")
        }
    }

    @Test func `of the second version keeps its releases, and has room for what came since`() async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("kiln.db")
            let content = Stage.content("7")
            let text = String(decoding: try CanonicalJSON.encode(content), as: UTF8.self)
            try await Self.sqlite(
                path,
                """
                CREATE TABLE fleet (name TEXT PRIMARY KEY NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE release (fleet TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,
                    image TEXT NOT NULL, image_name TEXT NOT NULL, image_version TEXT, created INTEGER NOT NULL,
                    stable INTEGER, quarantined INTEGER, quarantine_reason TEXT, content TEXT NOT NULL,
                    PRIMARY KEY (fleet, number), UNIQUE (fleet, digest)) WITHOUT ROWID;
                CREATE TABLE event (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,
                    fleet TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL, instance TEXT, release INTEGER);
                CREATE TABLE lease (fleet TEXT PRIMARY KEY NOT NULL, token INTEGER NOT NULL, lease TEXT) WITHOUT ROWID;
                INSERT INTO release VALUES ('shop', 3, '\(try content.digest())', '\(content.image)', 'shop', '7', 5,
                    9, NULL, NULL, '\(text)');
                PRAGMA application_id = \(0x4B69_6C6E);
                PRAGMA user_version = 2;
                """
            )
            let catalog = try Catalog(path: path)
            let entry = try #require(try await catalog.releaseEntries(of: "shop").first)
            #expect(entry.stable == 9 && entry.preparation == nil && entry.origins.isEmpty)
            #expect(try await catalog.release(entry.number, of: "shop")?.content == content)
            let done = Preparation(done: 2, finished: 11)
            try await catalog.commit(
                [.putPreparation(entry.number, done)],
                under: try await Self.lease(catalog)
            )
            #expect(try await catalog.releaseEntries(of: "shop").first?.preparation == done)
            #expect(try await catalog.holdsConfiguration() == false)
        }
    }

    @Test func `answers about a fleet without what its releases are made of`() async throws {
        try await Stage.with { stage in
            for version in ["1", "2"] { try await stage.deploy(version) }
            let path = stage.home.appending("kiln.db")
            try await Self.sqlite(path, "UPDATE release SET content = 'unread' WHERE number = 1;")
            let reader = FleetReader(store: stage.catalog, platform: stage.platform, clock: stage.time)
            #expect(try await reader.status(of: Stage.fleet).imageVersion == "2")
            #expect(try await reader.releases(of: Stage.fleet).map(\.imageVersion) == ["2", "1"])
            let second = ReleaseNumber(rawValue: 2)
            let outcome = try await stage.driver().resume(Stage.fleet)
            #expect(outcome == .unchanged(second, policyChanged: false))
        }
    }

    @Test func `of another program is refused and left alone`() async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("kiln.db")
            try await Self.sqlite(path, "CREATE TABLE theirs (x);")
            let before = (try Files.read(path), Files.facts(path)?.mode)
            let error = #expect(throws: CatalogError.self) { try Catalog(path: path) }
            #expect(error?.code == .foreign)
            #expect(try Files.read(path) == before.0)
            #expect(Files.facts(path)?.mode == before.1)
            #expect(try Files.list(sandbox.path) == ["kiln.db"])
        }
    }

    @Test(arguments: [nil, 0o644 as UInt16])
    func `is its owner's alone, with all that SQLite puts beside it`(earlier: UInt16?) async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("kiln.db")
            if let earlier { try Files.write([], to: path, mode: earlier) }
            let catalog = try Catalog(path: path)
            _ = try await Self.lease(catalog)
            #expect(try Files.list(sandbox.path).sorted() == ["kiln.db", "kiln.db-shm", "kiln.db-wal"])
            for name in try Files.list(sandbox.path) {
                #expect(Files.facts(sandbox.path.appending(name)).map { $0.mode & 0o777 } == 0o600, "\(name)")
            }
        }
    }

    @Test(arguments: [0, 4096])
    func `that is damaged is named`(offset: Int) async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("kiln.db")
            _ = try Catalog(path: path)
            var bytes = try Files.read(path)
            for index in offset..<min(bytes.count, offset + 4096) { bytes[index] = 0x5A }
            try Files.write(bytes, to: path)
            let error = await #expect(throws: CatalogError.self) {
                let catalog = try Catalog(path: path)
                _ = try await catalog.fleets()
            }
            #expect(error?.code == .damaged)
            #expect(error?.diagnostics.first?.hint?.contains("instances keep running") == true)
        }
    }

    @Test func `is made once when many come at the same moment`() async throws {
        for _ in 0..<5 {
            try await Sandbox.with { sandbox in
                let path = sandbox.path.appending("kiln.db")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<12 {
                        group.addTask { try await Blocking.wait { _ = try Catalog(path: path) } }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `answers while a hundred others wait for something that does not`() async throws {
        try await Sandbox.with { sandbox in
            let catalog = try Catalog(path: sandbox.path.appending("kiln.db"))
            let gate = DispatchSemaphore(value: 0)
            try await withThrowingTaskGroup(of: DispatchTimeoutResult.self) { group in
                for _ in 0..<100 {
                    group.addTask { try await Blocking.wait { gate.wait(timeout: .now() + .seconds(40)) } }
                }
                let fleets = try await catalog.fleets()
                #expect(fleets.isEmpty)
                // None of them had to give up for the answer to come.
                for _ in 0..<100 { gate.signal() }
                for try await waited in group { #expect(waited == .success) }
            }
        }
    }

    @Test func `is shared by writers that wait for one another`() async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("kiln.db")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        let catalog = try Catalog(path: path)
                        for n in 0..<25 {
                            let request = LeaseRequest(
                                fleet: FleetName(trusted: "fleet\(writer)"),
                                holder: .current,
                                reason: "test \(n)",
                                now: .now,
                                time: 0,
                                isAlive: { _ in false }
                            )
                            guard case .granted(let lease) = try await catalog.acquireLease(request) else {
                                return
                            }
                            let message = "\(writer) \(n)"
                            try await catalog.commit(
                                [
                                    .addEvent(
                                        FleetEvent(
                                            time: 0,
                                            fleet: lease.fleet,
                                            kind: .healing,
                                            message: message
                                        )
                                    )
                                ],
                                under: lease
                            )
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await Catalog(path: path).events(of: nil, after: 0, limit: 1000).count == 100)
        }
    }
}
