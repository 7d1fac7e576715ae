import FoundationEssentials
import Glibc
import KilnAPI
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnServer
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `The control socket` {
    @Test(arguments: Samples.changes)
    func `has changes carried out as they were asked for`(change: FleetChange) async throws {
        try await ServerStage.with { stage in
            var options = FleetDriver.Options(force: true, wait: .seconds(17))
            options.environment = "prod"
            let outcome = try await stage.perform(change, options: options)
            #expect(outcome == .stable(ReleaseNumber(rawValue: 1)))
            #expect(
                stage.fleets.asked == [.init(change: change, fleet: Samples.fleet, options: options)]
            )
        }
    }

    @Test(arguments: Samples.outcomes)
    func `tells how they ended`(outcome: DeployOutcome) async throws {
        try await ServerStage.with(PretendFleets { _, _ in outcome }) { stage in
            let told = try await stage.perform(.resume)
            #expect(told == outcome)
        }
    }

    @Test func `passes on what happens meanwhile, in its order`() async throws {
        let facts = `What is sent`.facts
        let fleets = PretendFleets { _, _ in
            for fact in facts { Progress.report(fact) }
            return .stable(ReleaseNumber(rawValue: 1))
        }
        try await ServerStage.with(fleets) { stage in
            let recorder = FactRecorder()
            _ = try await stage.perform(.resume, progress: recorder)
            #expect(recorder.facts == facts)
        }
    }

    @Test func `brings errors as they are thrown here`() async throws {
        let thrown = FleetError(.policy, "no\nbudget", causes: ["a", "b"], hint: "c", status: .usage)
        try await ServerStage.with(PretendFleets { _, _ in throw thrown }) { stage in
            let error = await #expect(throws: DiagnosticFailure.self) { try await stage.perform(.resume) }
            #expect(error?.diagnostics == thrown.diagnostics)
        }
        try await ServerStage.with(PretendFleets { _, _ in throw CancellationError() }) { stage in
            await #expect(throws: CancellationError.self) { try await stage.perform(.resume) }
        }
    }

    @Test func `makes no release that nobody examined`() async throws {
        try await ServerStage.with { stage in
            let deploy = FleetChange.deploy(Samples.content(), Samples.policy)
            let error = await #expect(throws: DiagnosticFailure.self) {
                try await stage.perform(deploy, isExamined: false)
            }
            #expect(error?.diagnostics.first?.code == "fleet.unexamined")
            #expect(error?.exitStatus == .gateRefused)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `passes on that a person wants a good end`() async throws {
        let fleets = PretendFleets { _, stop in
            Progress.report(.output(WorkID("fleet/shop"), line: "begun"))
            await stop.wait()
            return .paused(ReleaseNumber(rawValue: 2))
        }
        try await ServerStage.with(fleets) { stage in
            let stop = StopSignal()
            async let outcome = stage.perform(.resume, stop: stop)
            try await eventually("it is begun") { !fleets.asked.isEmpty }
            stop.request()
            #expect(try await outcome == .paused(ReleaseNumber(rawValue: 2)))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `pauses no rollout when a look at an instance is interrupted`() async throws {
        let fleets = PretendFleets { _, stop in
            await stop.wait()
            return stop.manner == .leaving ? .left(nil) : .paused(nil)
        }
        try await ServerStage.with(fleets) { stage in
            let stop = StopSignal()
            let end = FleetChange.endDebug(InstanceID("shop-1-aaaa"), DebugEnd(session: .current, status: 0))
            async let outcome = stage.perform(end, stop: stop)
            try await eventually("it is begun") { !fleets.asked.isEmpty }
            stop.request(.leaving)
            #expect(try await outcome == .left(nil))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `hears nothing of a terminal that closed`() async throws {
        let go = StopSignal()
        let fleets = PretendFleets { _, stop in
            await go.wait()
            return stop.isRequested ? .paused(nil) : .stable(ReleaseNumber(rawValue: 1))
        }
        try await ServerStage.with(fleets) { stage in
            let stop = StopSignal()
            let client = Task { try await stage.perform(.resume, stop: stop) }
            try await eventually("it is begun") { !fleets.asked.isEmpty }
            stop.request(.abandoning)
            await #expect(throws: CancellationError.self) { try await client.value }
            go.request()
            try await eventually("it has ended") { !fleets.ended.isEmpty }
            #expect(fleets.ended == [.stable(ReleaseNumber(rawValue: 1))])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `goes on with a change whose client is gone`() async throws {
        let go = StopSignal()
        let fleets = PretendFleets { _, stop in
            await go.wait()
            return stop.isRequested ? .paused(nil) : .stable(ReleaseNumber(rawValue: 1))
        }
        try await ServerStage.with(fleets) { stage in
            let client = Task { try await stage.perform(.resume) }
            try await eventually("it is begun") { !fleets.asked.isEmpty }
            client.cancel()
            await #expect(throws: (any Error).self) { try await client.value }
            go.request()
            try await eventually("it has ended") { !fleets.ended.isEmpty }
            #expect(fleets.ended == [.stable(ReleaseNumber(rawValue: 1))])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `asks all for a good end when it ends itself, tells them how that went, and takes no more`()
        async throws
    {
        let fleets = PretendFleets { _, stop in
            await stop.wait()
            return .paused(nil)
        }
        try await ServerStage.with(fleets) { stage in
            async let first = stage.perform(.resume)
            async let second = stage.perform(.recycle)
            try await eventually("both are begun") { fleets.asked.count == 2 }
            stage.stop.request()
            #expect(try await first == .paused(nil))
            #expect(try await second == .paused(nil))
            let error = await #expect(throws: (any Error).self) { try await stage.perform(.resume) }
            #expect(["api.ending", "serve.absent", "serve.gone"].contains(error?.asDiagnostics.first?.code))
        }
    }

    @Test func `is one server's alone, and its owner's`() async throws {
        try await ServerStage.with { stage in
            let facts = try #require(Files.facts(stage.home.controlSocket))
            #expect(facts.mode == 0o600)
            #expect(Files.facts(stage.home.runtime)?.mode == 0o700)
            let error = await #expect(throws: APIError.self) {
                try await stage.server.run(until: StopSignal()) {}
            }
            #expect(error?.code == .running)
            #expect(try await stage.client.identity()?.pid == getpid())
        }
    }

    @Test func `is taken over from a server that died`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.home.makeRuntime()
            let stale = try ListeningSocket(sandbox.home.controlSocket)
            stale.close()
            #expect(Files.exists(sandbox.home.controlSocket))
            #expect(try await APIClient(socket: sandbox.home.controlSocket).identity() == nil)
        }
        try await ServerStage.with { stage in
            // The lock, not the file, says that somebody serves.
            let identity = try await stage.client.identity()
            #expect(identity != nil)
        }
    }

    @Test func `that nobody answers on is an error, and no reason to do the work here`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.home.makeRuntime()
            let silent = try ListeningSocket(sandbox.home.controlSocket)
            defer { silent.close() }
            let client = APIClient(socket: sandbox.home.controlSocket, limit: .seconds(1))
            let error = await #expect(throws: APIError.self) { try await client.identity() }
            #expect(error?.code == .silent)
            let change = ChangeRequest(.resume, isExamined: true, options: FleetDriver.Options())
            let unsure = await #expect(throws: APIError.self) {
                try await client.perform(change, .resume, on: Samples.fleet, stop: StopSignal())
            }
            #expect(unsure?.code == .silent)
            #expect(unsure?.causes.first?.contains("may have begun it") == true)
        }
    }
}

@Suite struct `The choice of who changes fleets` {
    @Test func `falls on this process where nobody serves`() async throws {
        try await Sandbox.with { sandbox in
            let found = try await mode(nil).server(of: sandbox.home, version: ServerStage.version)
            #expect(found == nil)
            #expect(try await mode("off").server(of: sandbox.home, version: ServerStage.version) == nil)
            let error = await #expect(throws: APIError.self) {
                try await mode("on").server(of: sandbox.home, version: ServerStage.version)
            }
            #expect(error?.code == .absent)
            #expect(throws: APIError.self) { try mode("maybe") }
        }
    }

    @Test func `falls on a server of the same version, and on no other`() async throws {
        try await ServerStage.with { stage in
            for text in [nil, "", "auto", "on"] {
                let found = try await mode(text).server(of: stage.home, version: ServerStage.version)
                #expect(found != nil)
            }
            #expect(try await mode("off").server(of: stage.home, version: ServerStage.version) == nil)
            let error = await #expect(throws: APIError.self) {
                try await mode(nil).server(of: stage.home, version: "9.9.8")
            }
            #expect(error?.code == .otherProtocol)
            #expect(error?.hint?.contains("restart kiln serve") == true)
        }
    }

    private func mode(_ text: String?) throws -> ServeMode {
        try ServeMode(environment: text.map { [ServeMode.variable: $0] } ?? [:])
    }
}

/// A socket that is listened on and never answered.
private struct ListeningSocket {
    private let descriptor: Int32

    init(_ path: FilePath) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let bound = try UnixAddress(path).with { bind(descriptor, $0, $1) }
        try #require(bound == 0 && listen(descriptor, 4) == 0)
    }

    func close() {
        Glibc.close(descriptor)
    }
}
