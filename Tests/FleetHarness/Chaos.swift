import Glibc

/// Kills one thing after another of a home that is kept by `kiln serve`, and expects that all is well again after each.
package struct Chaos {
    package enum Victim: String, CaseIterable, Sendable {
        case controller
        case supervisor
        case balancer
        case instance
        /// In the middle of a rollout that it drives itself, or has the controller drive.
        case command
    }

    package struct Report: Sendable {
        package var kills: [Victim: Int] = [:]
        /// Seconds until all was well again, for each kill.
        package var recoveries: [Double] = []
        package var problems: [String] = []

        package init() {}
    }

    private let served: ServedHome
    private let bound: Double
    private var dice: SeededDice
    private var version = 1
    private var report = Report()

    /// Within `bound` seconds all has to be well again.
    package init(_ served: ServedHome, seed: UInt64, bound: Double = 60) {
        self.served = served
        self.bound = bound
        dice = SeededDice(seed: seed)
    }

    private var home: TestHome { served.home }

    /// `tell` gets a line for each kill.
    package mutating func run(kills: Int, tell: (String) -> Void = { _ in }) throws -> Report {
        guard waitUntil(bound, { home.isWhole }) != nil else { throw HarnessFailure("never well: \(state)") }
        for number in 1...max(1, kills) {
            let victim = Victim.allCases.randomElement(using: &dice) ?? .instance
            let name = try kill(victim)
            report.kills[victim, default: 0] += 1
            usleep(UInt32.random(in: 0...300_000, using: &dice))
            if try served.restartIfGone() {
                report.problems.append("\(number): the controller ended by itself")
            }
            guard let time = waitUntil(bound, { home.isWhole && !isRolling }) else {
                report.problems.append("\(number): not well \(Int(bound)) s after \(name): \(state)")
                return report
            }
            report.recoveries.append(time)
            tell("\(number) of \(kills): \(name), well again after \(Int(time * 1000)) ms")
        }
        try examine()
        return report
    }

    private mutating func kill(_ victim: Victim) throws -> String {
        guard let fleet = home.names.randomElement(using: &dice) else { return "nothing" }
        switch victim {
        case .controller:
            try served.kill()
            return "the controller"
        case .balancer:
            let process = Int32(
                Text.read("\(home.runtime)/haproxy/\(fleet).pid").prefix { $0.isNumber }
            )
            if let process { Glibc.kill(process, SIGKILL) }
            return "the balancer of \(fleet)"
        case .instance, .supervisor:
            guard let instance = home.instances(of: fleet).randomElement(using: &dice) else {
                return "nothing"
            }
            let process = victim == .instance ? instance.process : instance.supervisor
            if let process { Glibc.kill(process, SIGKILL) }
            return "the \(victim.rawValue) of \(instance.name)"
        case .command: return try killCommand(fleet)
        }
    }

    private mutating func killCommand(_ fleet: String) throws -> String {
        version += 1
        try home.write(version: version)
        let serve = Bool.random(using: &dice) ? "auto" : "off"
        let verb = Bool.random(using: &dice) ? "deploy" : "recycle"
        let process = try home.shell.start("exec \(home.line("\(verb) \(fleet)", serve: serve))")
        usleep(UInt32.random(in: 0...3_000_000, using: &dice))
        Glibc.kill(process, SIGKILL)
        Shell.wait(for: process)
        return "\(verb) \(fleet) (\(serve == "off" ? "by itself" : "by the controller"))"
    }

    /// A rollout that goes on has two releases, or says so.
    private var isRolling: Bool {
        home.names.contains { fleet in
            let releases = home.instances(of: fleet).map { $0.name.split(separator: "-").dropLast().joined() }
            return Set(releases).count > 1
        }
    }

    private var state: String {
        home.names.map { fleet in
            "\(fleet): \(home.instances(of: fleet).map(\.name)), serving \(home.serving(fleet).sorted())"
        }.joined(separator: "; ") + "; the controller said:\n" + served.said.suffix(4000)
    }

    /// Once nothing is under way any more. A recycling that the controller goes on with has one release only, so that
    /// an instance may be on its way out while we look: what is wrong has to stay wrong.
    private mutating func examine() throws {
        var wrong: [String] = []
        let isWell = waitUntil(bound, every: 500_000) {
            wrong = flaws
            return wrong.isEmpty
        }
        if isWell == nil { report.problems += wrong }
        do {
            try home.kiln("drift")
        } catch {
            report.problems.append("drift: \(error)")
        }
    }

    private var flaws: [String] {
        let remains = Remains(of: home).found
        guard remains.isEmpty else { return remains }
        guard home.isWhole else { return ["not well at the end: \(state)"] }
        guard let status = try? home.kiln("status --format json") else { return ["status failed: \(state)"] }
        return home.names.flatMap { fleet in
            home.instances(of: fleet).flatMap { instance -> [String] in
                var flaws: [String] = []
                if !status.contains("\"\(instance.name)\"") {
                    flaws.append("the catalog does not know \(instance.name)")
                }
                if !Processes.isAlive(instance.process ?? 0) { flaws.append("\(instance.name) does not run") }
                return flaws
            }
        }
    }
}
