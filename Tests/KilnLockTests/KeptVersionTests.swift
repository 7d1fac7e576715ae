import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@testable import KilnLock

@Suite struct `Versions that nobody asked to move` {
    /// An archive whose `libfoo` and `foo` were locked in version 1, and that now lists version 2 alone.
    private func withMovedArchive(
        _ body: (TestArchive, LockOutcome) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            func publish(_ version: String) async throws {
                try await archive.add("libfoo", version)
                try await archive.add("foo", version, fields: ["Depends": "libfoo"])
                try await archive.add("late", version, fields: ["Depends": "libfoo"])
                try await archive.publish()
            }
            try await publish("1")
            let first = try await archive.lock(archive.definition([("base", ["libfoo"]), ("app", ["foo"])]))
            for name in ["libfoo", "foo", "late"] { try Files.remove(archive.deb(name, "1")) }
            try await publish("2")
            try await body(archive, first)
        }
    }

    private func versions(_ lock: Lock, _ image: ImageName) -> [String] {
        lock.images[image]?.packages.map { "\($0.name) \($0.version)" } ?? []
    }

    @Test func `they stay when images are renamed`() async throws {
        try await withMovedArchive { archive, first in
            let renamed = try archive.definition([("ground", ["libfoo"]), ("shop", ["foo"])])
            let lock = try await archive.lock(renamed).lock
            #expect(lock.images["ground"]?.packages == first.lock.images["base"]?.packages)
            #expect(lock.images["shop"]?.packages == first.lock.images["app"]?.packages)
        }
    }

    @Test func `they stay when an image comes in between, and when packages go from one to another`()
        async throws
    {
        try await withMovedArchive { archive, first in
            let split = try archive.definition([("base", []), ("middle", ["libfoo"]), ("app", ["foo"])])
            let lock = try await archive.lock(split).lock
            #expect(versions(lock, "middle") == ["libfoo 1"])
            #expect(lock.images["app"]?.packages == first.lock.images["app"]?.packages)
        }
    }

    @Test func `they stay when recommends changes, and what comes in is new`() async throws {
        try await withMovedArchive { archive, _ in
            var wider = try archive.definition([("base", ["libfoo"]), ("app", ["foo", "late"])])
            wider.archives["own"]?.recommends = true
            let lock = try await archive.lock(wider).lock
            #expect(versions(lock, "app") == ["foo 1", "late 2"])
            #expect(versions(lock, "base").contains("libfoo 1"))
        }
    }

    @Test func `an update of a name moves it in every image`() async throws {
        try await withMovedArchive { archive, _ in
            let renamed = try archive.definition([("ground", ["libfoo"]), ("shop", ["foo"])])
            let lock = try await archive.lock(renamed, update: .packages(["foo"])).lock
            #expect(versions(lock, "shop") == ["foo 2"])
            #expect(versions(lock, "ground").contains("libfoo 1"))
        }
    }

    @Test(
        arguments: [(503, LockError.Code.transfer, "1"), (404, nil, "2")] as [(Int, LockError.Code?, String)]
    )
    func `a host's fault moves nothing, an absent package does`(
        status: Int,
        code: LockError.Code?,
        version: String
    ) async throws {
        try await withMovedArchive { archive, _ in
            let before = try Files.read(archive.lockFile)
            // Another machine: nothing is kept there.
            try Files.remove(archive.home.root)
            try await PackageServer.with(archive.root) { server in
                server.fail("foo_1_all", status: status)
                let images = [("base", ["libfoo", "late"])]
                let definition = try archive.definition(images, mirror: server.url)
                if let code {
                    let error = await #expect(throws: LockError.self) { try await archive.lock(definition) }
                    #expect(error?.code == code)
                    #expect(try Files.read(archive.lockFile) == before)
                } else {
                    let lock = try await archive.lock(definition).lock
                    #expect(versions(lock, "base").contains("libfoo \(version)"))
                }
            }
        }
    }

    private let preferred = ["foo", "libfoo"].map {
        LockedPackage(
            name: $0,
            version: "1",
            architecture: "all",
            archive: "own",
            path: "pool/\($0)_1_all.deb",
            size: 1,
            sha256: Digest(of: $0)
        )
    }

    @Test(
        arguments: [
            (
                .unmet([.init(package: "foo", relation: "Depends", target: "x (>= 2)", reason: "")]), 100,
                ["libfoo"]
            ),
            (.unmet([.init(package: "x", relation: "Depends", target: "y", reason: "")]), 100, []),
            (.unsolvable, 100, []), (.other, 100, nil), (.unknownPackage("x"), 100, nil),
            (.unsolvable, 0, nil), (.unsolvable, 1, nil),
        ] as [(AptMessages.SolveFailure, Int32, [String]?)]
    )
    func `preferences are given up only when there is no solution with them`(
        failure: AptMessages.SolveFailure,
        status: Int32,
        names: [String]?
    ) {
        #expect(AptSolver.relaxed(preferred, after: failure, .exited(status))?.map(\.name) == names)
        #expect(AptSolver.relaxed(preferred, after: failure, .signalled(9)) == nil)
        #expect(AptSolver.relaxed([], after: failure, .exited(status)) == nil)
    }
}
