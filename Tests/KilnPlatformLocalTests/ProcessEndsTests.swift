import Glibc
import KilnDefinition
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Ends of processes` {
    @Test(.timeLimit(.minutes(1)))
    func `are told as they come, by fleet, and only of those that are watched`()
        async throws
    {
        let sleeper = FilePath("/bin/sleep")
        try #require(Files.exists(sleeper))
        let ends = ProcessEnds()
        let told = ends.listen()
        let first = try start()
        let second = try start()
        ends.watch("shop", [.init(process: first, exitStatus: nil)])
        ends.watch("stock", [.init(process: second, exitStatus: nil)])
        try await eventually("both are known to run") { ends.alive == [first, second] }
        kill(second.pid, SIGKILL)
        var iterator = told.makeAsyncIterator()
        #expect(await iterator.next() == "stock")
        #expect(ends.alive == [first])
        reap(second)
        kill(first.pid, SIGKILL)
        #expect(await iterator.next() == "shop")
        reap(first)
        let third = try start()
        ends.watch("shop", [.init(process: third, exitStatus: nil)])
        ends.watch("shop", [])
        try await eventually("nobody is watched") { ends.alive.isEmpty }
        kill(third.pid, SIGKILL)
        reap(third)
    }

    @Test func `are not watched while nobody listens`() throws {
        let ends = ProcessEnds()
        let process = try start()
        ends.watch("shop", [.init(process: process, exitStatus: nil)])
        #expect(ends.alive.isEmpty)
        kill(process.pid, SIGKILL)
        reap(process)
    }

    private func start() throws -> ProcessIdentity {
        var pid = pid_t()
        var words: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/sleep"), strdup("100"), nil]
        defer { for word in words { free(word) } }
        try #require(posix_spawn(&pid, "/bin/sleep", nil, nil, &words, environ) == 0)
        return try #require(ProcessIdentity(pid: pid))
    }

    private func reap(_ process: ProcessIdentity) {
        var status: Int32 = 0
        waitpid(process.pid, &status, 0)
    }
}
