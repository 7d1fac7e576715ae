import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Scopes` {
    private struct Stop: Error {}

    @Test func `a temporary directory goes with its body, however that ends`() async throws {
        try await Sandbox.with { sandbox in
            let parent = sandbox.path.appending("parent")
            let text = try await TemporaryDirectory.with(in: parent, prefix: "t-") { path in
                try Files.write("x", to: path.appending("f"))
                return try Files.readText(path.appending("f"))
            }
            #expect(text == "x")
            #expect(try Files.list(parent) == [])
            await #expect(throws: Stop.self) {
                try await TemporaryDirectory.with(in: parent, prefix: "t-") { path in
                    try Files.createDirectory(path.pushing("deep/er"))
                    throw Stop()
                }
            }
            #expect(try Files.list(parent) == [])
        }
    }

    @Test func `a lock lets one in at a time, tells who waits, and is free after an error`() async throws {
        try await Sandbox.with { sandbox in
            let lock = sandbox.path.appending("lock")
            #expect(!FileLock.isHeld(lock))
            let (told, over) = (sandbox.path.appending("told"), sandbox.path.appending("over"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await FileLock.with(lock) {
                    #expect(FileLock.isHeld(lock))
                    group.addTask {
                        let tell = { () -> Void in try? Files.write("", to: told) }
                        try await FileLock.with(lock, onWait: tell) { #expect(Files.exists(over)) }
                    }
                    try await eventually("the other waits") { Files.exists(told) }
                    try Files.write("", to: over)
                }
                try await group.waitForAll()
            }
            await #expect(throws: Stop.self) { try await FileLock.with(lock) { throw Stop() } }
            #expect(!FileLock.isHeld(lock))
        }
    }

    @Test func `a lock that is not free in time is told as that`() async throws {
        try await Sandbox.with { sandbox in
            let lock = sandbox.path.appending("lock")
            try await FileLock.with(lock) {
                let error = await #expect(throws: LockWaitError.self) {
                    try await FileLock.with(lock, .shared, within: .milliseconds(1)) {}
                }
                #expect(error?.path == lock)
            }
        }
    }

    @Test func `a shared lock lets others share, and none have it alone`() async throws {
        try await Sandbox.with { sandbox in
            let lock = sandbox.path.appending("lock")
            try await FileLock.with(lock, .shared) {
                try await FileLock.with(lock, .shared) { #expect(FileLock.isHeld(lock)) }
                let alone = Task { try await FileLock.with(lock) {} }
                alone.cancel()
                await #expect(throws: CancellationError.self) { try await alone.value }
            }
        }
    }
}
