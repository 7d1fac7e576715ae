import Glibc
import KilnDefinition
import KilnFleet
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite(.serialized) struct `A balancer that somebody else reloads` {
    @Test(.timeLimit(.minutes(2))) func `is the same at every moment of it`() async throws {
        try await LocalFleet.with { fleet, _ in
            try await fleet.start("aaaa", routed: true)
            let balancer = fleet.balancer
            let master = try #require(try await balancer.running())
            for _ in 0..<10 {
                let before = Files.facts(fleet.paths.balancerProcess)?.changed
                let worker = try #require(try await fleet.worker())
                master.signal(SIGUSR2)
                // Asked without a pause, so that each of its short states is met.
                var isReloaded = false
                while !isReloaded {
                    #expect(try await balancer.isOurs(master.pid))
                    try #require(try await balancer.running() == master)
                    if Files.facts(fleet.paths.balancerProcess)?.changed == before { continue }
                    isReloaded = try await ![nil, worker].contains(fleet.worker())
                }
                try await eventually("its master is done with it") {
                    try await balancer.workers().master == master.pid
                }
            }
        }
    }

    @Test func `takes another file in the middle of that`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            try await fleet.start("aaaa", routed: true)
            let master = try #require(try await fleet.balancer.running())
            let port = try FreePort.find()
            let load = try Load.start(fleet, sandbox)
            for number in 0..<8 {
                var settings = fleet.settings
                if number.isMultiple(of: 2) {
                    let more = Listener(ListenAddress(address: "127.0.0.1", port: port))
                    settings.listen = Listeners(try #require(settings.listen).all + [more])
                }
                master.signal(SIGUSR2)
                try await fleet.platform.converge(settings, token: fleet.token)
                #expect(ProcessIdentity(file: fleet.paths.balancerProcess) == master)
            }
            #expect(try await load.stop().failed == [])
        }
    }

    @Test func `gives nothing to an instance that was drained in the middle of that`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            let master = try #require(try await fleet.balancer.running())
            for _ in 0..<20 {
                let worker = try #require(try await fleet.worker())
                master.signal(SIGUSR2)
                // The new worker reads its file at once, and takes its time until it is told of.
                try await fleet.platform.drain(id, of: fleet.name, token: fleet.token)
                try await eventually("a new worker") { try await ![nil, worker].contains(fleet.worker()) }
                #expect(try await fleet.observe(id).traffic == .draining(sessions: 0))
                try await fleet.platform.route(id, of: fleet.name, token: fleet.token)
                try await eventually("its master is done with it") {
                    try await fleet.balancer.workers().master == master.pid
                }
            }
        }
    }

    @Test func `is waited for while its process file names nobody`() async throws {
        try await LocalFleet.with { fleet, _ in
            try await fleet.start("aaaa", routed: true)
            let file = fleet.paths.balancerProcess
            let (master, text) = (ProcessIdentity(file: file), try Files.readText(file))
            try Files.write("", to: file)
            let looks = try Looks(at: file)
            async let converged: Void = fleet.converge()
            try await eventually("somebody has looked") { looks.next() }
            try Files.write(text, to: file)
            try await converged
            #expect(ProcessIdentity(file: file) == master)
            #expect(try await fleet.get("/index.html") == "hello\n 200")
        }
    }

    @Test func `is found when its process file was lost, and goes on serving`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            try await fleet.start("aaaa", routed: true)
            let file = fleet.paths.balancerProcess
            let master = ProcessIdentity(file: file)
            let load = try Load.start(fleet, sandbox)
            try Files.remove(file)
            try await fleet.converge()
            #expect(ProcessIdentity(file: file) == master)
            #expect(try await load.stop().failed == [])
            #expect(try await fleet.drift() == [])
        }
    }
}

extension LocalFleet {
    fileprivate var balancer: BalancerProcess { BalancerProcess(paths: paths, runner: ToolRunner()) }

    /// The one that takes new connections.
    fileprivate func worker() async throws -> Int32? { try await balancer.state()?.worker }
}

/// Who opens a file (inotify(7)).
private struct Looks: ~Copyable {
    private let descriptor: Int32

    init(at file: FilePath) throws {
        descriptor = inotify_init1(O_NONBLOCK | O_CLOEXEC)
        try #require(descriptor >= 0)
        try #require(inotify_add_watch(descriptor, file.string, UInt32(IN_OPEN)) >= 0)
    }

    deinit { close(descriptor) }

    /// Whether somebody did since it was asked last.
    func next() -> Bool {
        var events = [UInt8](repeating: 0, count: 4096)
        return read(descriptor, &events, events.count) > 0
    }
}
