import BenchmarkCommands
import Dispatch
import FleetHarness
import Glibc
import Synchronization

/// One program's fleet, deployed again and again under a load.
struct Campaign {
    let program: Program
    let kiln: String
    let folder: String
    let rate: Int
    let deploys: Int
    let rollbacks: Int
    /// Of the deploys, those with long requests, uploads and websockets under way.
    let longDeploys: Int
    /// Of the deploys, those in whose middle the balancer reads its file again, and those in whose middle it is killed.
    let reloads: Int
    let balancerKills: Int
    /// How long the load alone is measured, in seconds.
    let idleSeconds: Double

    struct Result {
        let idle: Tally
        var busy: Tally
        /// Seconds of each deploy, and of each that was rolled back.
        var deploys: [Double] = []
        var rollbacks: [Double] = []
        var doubled = 0
        var lost = 0
        /// While balancers were killed: what was under way then cannot be saved.
        var killed: Tally?
    }

    func run() throws -> Result {
        try shell("mkdir -p '\(folder)'", in: "/")
        try BenchmarkCommand(line: program.project, folder: folder).run()
        try write(version: 0, isBroken: false)
        try kiln("lock")
        try kiln("bake")
        try kiln("deploy \(program.name)")
        defer { _ = try? kiln("destroy \(program.name) --volumes") }
        var sessions = program.mix
        sessions.rate = rate
        var short = sessions
        (short.slow, short.uploads, short.talks) = (0, 0, 0)

        let (idle, ()) = try load(short, "idle") { usleep(UInt32(idleSeconds * 1e6)) }
        var result = Result(idle: idle, busy: Tally())
        let (first, times) = try load(short, "short") { try roll(1..<(deploys - longDeploys + 1)) }
        result = Result(idle: idle, busy: first, deploys: times.deploys, rollbacks: times.rollbacks)
        if longDeploys > 0 {
            let (second, times) = try load(sessions, "long") {
                try roll((deploys - longDeploys + 1)..<(deploys + 1))
            }
            result = Result(
                idle: idle,
                busy: first.merging(second),
                deploys: result.deploys + times.deploys,
                rollbacks: result.rollbacks + times.rollbacks
            )
        }
        if reloads > 0 {
            let (third, ()) = try load(short, "reload") { try trouble(.reload, times: reloads) }
            result.busy = result.busy.merging(third)
        }
        if balancerKills > 0 {
            result.killed = try load(short, "kill") { try trouble(.kill, times: balancerKills) }.0
        }
        try count(into: &result)
        return result
    }

    private enum Trouble {
        /// As HAProxy's own unit has it for `systemctl reload`.
        case reload
        case kill

        var signal: String { self == .reload ? "USR2" : "KILL" }
    }

    /// Deploys in whose middle the balancer is told so, at a moment that nobody chose.
    private func trouble(_ trouble: Trouble, times: Int) throws {
        let home = TestHome(kiln: kiln, folder: folder, fleets: 1, instances: 3, port: program.port)
        let file = "\(home.runtime)/haproxy/\(program.name).pid"
        for number in 1...times {
            try write(version: deploys + number + (trouble == .kill ? reloads : 0), isBroken: false)
            let moment = DispatchTime.now() + .milliseconds(.random(in: 200...2000))
            DispatchQueue.global().asyncAfter(deadline: moment) {
                do { try shell("kill -\(trouble.signal) $(head -n 1 '\(file)')", in: "/") } catch {
                    complain("\(program.name): no \(trouble): \(error)")
                }
            }
            try kiln("deploy \(program.name)")
            complain("\(program.name): \(trouble) of the balancer, \(number) of \(times) deploys")
        }
    }

    /// Deploys of well releases and, evenly among them, of some that are not.
    private func roll(_ versions: Range<Int>) throws -> (deploys: [Double], rollbacks: [Double]) {
        var times: (deploys: [Double], rollbacks: [Double]) = ([], [])
        for version in versions {
            try write(version: version, isBroken: false)
            times.deploys.append(try kiln("deploy \(program.name)").wall)
            if version * rollbacks / deploys > (version - 1) * rollbacks / deploys {
                try write(version: version, isBroken: true)
                times.rollbacks.append(try kiln("deploy \(program.name)", expecting: [5]).wall)
            }
            complain("\(program.name): \(version) of \(deploys) deploys")
        }
        return times
    }

    private func load<R>(_ mix: Mix, _ name: String, while body: () throws -> R) throws -> (Tally, R) {
        let running = RunningLoad(mix, port: program.port, name: name)
        let result: R
        do {
            result = try body()
        } catch {
            let tally = running.end()
            complain("\(program.name): \(tally.failures)")
            throw error
        }
        return (running.end(), result)
    }

    /// What the service wrote down against what was answered. A post without an answer may have been carried out once.
    private func count(into result: inout Result) throws {
        guard let posts = program.posts else { return }
        let command = BenchmarkCommand(line: posts, folder: "\(folder)/home/volumes/\(program.name)")
        var times: [Substring: Int] = [:]
        for id in try command.output(limit: 1 << 28).split(separator: "\n") { times[id, default: 0] += 1 }
        result.doubled = times.values.count { $0 > 1 }
        let answered = result.idle.acknowledged.union(result.busy.acknowledged)
            .union(result.killed?.acknowledged ?? [])
        result.lost = answered.count { times[Substring($0)] == nil }
    }

    private func write(version: Int, isBroken: Bool) throws {
        let text = program.definition(version: version, isBroken: isBroken)
        try shell("cat > kiln.yaml <<'END-OF-DEFINITION'\n\(text)END-OF-DEFINITION", in: folder)
    }

    @discardableResult
    private func kiln(_ arguments: String, expecting expected: Set<Int32> = [0]) throws -> Cost {
        let line = "exec env KILN_HOME='\(folder)/home' '\(kiln)' \(arguments)"
        let command = BenchmarkCommand(line: line, folder: folder)
        return try command.run(expecting: expected, watchingMemory: false)
    }

    private func shell(_ script: String, in folder: String) throws {
        try BenchmarkCommand(line: script, folder: folder).run()
    }
}

/// A load on a thread of its own.
final class RunningLoad: Sendable {  // a class: the thread and its starter share the stop and the tally
    private let stop = Atomic(false)
    private let tally = Mutex(Tally())
    private let running = DispatchGroup()

    init(_ mix: Mix, port: UInt16, name: String) {
        DispatchQueue.global(qos: .userInteractive).async(group: running) { [self] in
            var load = Load(mix, port: port, name: name)
            let result = load.run(until: stop)
            tally.withLock { $0 = result }
        }
    }

    /// Ends it and gives what came of it.
    func end() -> Tally {
        stop.store(true, ordering: .relaxed)
        running.wait()
        return tally.withLock { $0 }
    }
}
