import BenchmarkCommands
import FleetHarness
import Glibc

// What `kiln serve` does by itself.
extension Case {
    /// From the kill of a random instance to all places serving again, as the balancer says.
    static let death = Case(
        name: "death",
        work: "an instance's death to its replacement serving",
        fleets: 1,
        instances: 6
    ) { home, request in
        let start = try appStart(home)
        let times = try served(home) { _ in
            var dice = SeededDice(seed: request.seed)
            return try (0..<max(1, Int(request["--kills"]))).map { number in
                // Apart: each instance has served for longer than min_healthy.
                usleep(UInt32.random(in: 3_000_000...5_000_000, using: &dice))
                let instances = home.instances(of: "f0")
                guard let victim = instances.randomElement(using: &dice), let process = victim.process else {
                    throw CommandFailure(description: "no instance to kill")
                }
                kill(process, SIGKILL)
                let time = waitUntil(60, every: 5_000) {
                    let serving = home.serving("f0")
                    return serving.count >= home.instances && !serving.contains(victim.name)
                }
                guard let time else { throw CommandFailure(description: "\(victim.name) is not replaced") }
                complain("death: \(number + 1): \(milliseconds(time))")
                return time
            }
        }
        let goal = start + 2
        return Row(
            goal: "p95 <= app start + 2 s = \(fixed(goal, 2)) s",
            seen:
                "p50 \(fixed(quantile(times, 0.5), 2)) s, p95 \(fixed(quantile(times, 0.95), 2)) s, most \(fixed(times.max() ?? 0, 2)) s, app start \(milliseconds(start)), \(times.count) kills, seed \(request.seed)",
            isMet: quantile(times, 0.95) <= goal
        )
    }

    /// The same program without a container, from its start to its first answer.
    static func appStart(_ home: TestHome) throws -> Double {
        let times = try (0..<5).map { _ in
            let began = seconds()
            let process = try home.shell.start("exec busybox httpd -f -p 127.0.0.1:18699 -h site")
            defer {
                kill(process, SIGKILL)
                Shell.wait(for: process)
            }
            let line = "exec busybox wget -q -O /dev/null http://127.0.0.1:18699/"
            guard
                waitUntil(10, every: 2_000, { (try? home.shell.run(line)) != nil }) != nil
            else { throw CommandFailure(description: "the program does not start") }
            return seconds() - began
        }
        return quantile(times, 0.5)
    }

    static let idle = Case(
        name: "idle",
        work: "kiln serve with 50 instances in 10 fleets, nothing to do",
        fleets: 10,
        instances: 5
    ) { home, request in
        try served(home) { served in
            sleep(20)
            let (before, began) = (Processes.time(of: served.process), seconds())
            usleep(UInt32(max(1, request["--idle"]) * 1e6))
            let share = (Processes.time(of: served.process) - before) / (seconds() - began) * 100
            return Row(
                goal: "<= 1 % of a core",
                seen:
                    "\(fixed(share, 2)) %, \(fixed(Processes.memory(of: served.process), 0)) MiB resident, over \(fixed(request["--idle"], 0)) s",
                isMet: share <= 1
            )
        }
    }

    /// Deploys again and again, a fifth of them never well.
    static let churn = Case(
        name: "churn",
        work: "memory of kiln serve over deploys",
        isLong: true,
        fleets: 2,
        instances: 2
    ) { home, request in
        var home = home
        home.rollout = "min_healthy: 200ms, bake: 0s, drain: 1s, healthy_deadline: 3s, progress_deadline: 30s"
        return try served(home) { served in
            let end = seconds() + request["--churn"] * 60
            var deploys = 0
            var sizes: [Double] = []
            while seconds() < end {
                deploys += 1
                let isBroken = deploys % 5 == 0
                try home.write(version: deploys + 1, isBroken: isBroken)
                try home.kiln("deploy f\(deploys % 2)", expecting: [0, 5])
                sizes.append(Processes.memory(of: served.process))
                if deploys % 10 == 0 {
                    complain("churn: \(deploys) deploys, \(fixed(sizes.last ?? 0, 1)) MiB")
                }
            }
            let half = sizes.dropFirst(sizes.count / 2)
            let slope = ((half.last ?? 0) - (half.first ?? 0)) / Double(max(1, half.count)) * 1000
            return Row(
                goal: "flat: <= 1 MiB for 1,000 deploys in the second half",
                seen:
                    "\(fixed(sizes.first ?? 0, 1)) MiB after the first, \(fixed(sizes.last ?? 0, 1)) after \(deploys) deploys, \(slope < 0 ? "-" : "")\(fixed(abs(slope), 1)) MiB for 1,000 in the second half",
                isMet: slope <= 1
            )
        }
    }

    static let chaos = Case(
        name: "chaos",
        work: "kill -9 of controller, supervisors, balancers, instances and commands",
        isLong: true,
        fleets: 3,
        instances: 3
    ) { home, request in
        try served(home) { served in
            var chaos = Chaos(served, seed: request.seed)
            let report = try chaos.run(kills: Int(request["--chaos"])) { complain("chaos: \($0)") }
            for problem in report.problems { complain("chaos: \(problem)") }
            let kinds = report.kills.sorted { $0.key.rawValue < $1.key.rawValue }
                .map { "\($0.value) \($0.key.rawValue)s" }.joined(separator: ", ")
            return Row(
                goal: "all well again after each, no orphan, nothing twice",
                seen:
                    "\(kinds); well again after p50 \(fixed(quantile(report.recoveries, 0.5), 1)) s, most \(fixed(report.recoveries.max() ?? 0, 1)) s; \(report.problems.count) problems; seed \(request.seed)",
                isMet: report.problems.isEmpty
            )
        }
    }
}
