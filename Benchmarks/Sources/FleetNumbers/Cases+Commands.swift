import BenchmarkCommands
import FleetHarness
import Glibc

// What commands do.
extension Case {
    /// A person sees that the new release is bad while it is watched: from their word to no request for it.
    static let rollback = Case(
        name: "rollback",
        work: "warm rollback: from kiln abort to traffic on the stable release alone",
        fleets: 1,
        instances: 4
    ) { home, request in
        var home = home
        home.rollout =
            "strategy: blue-green, min_healthy: 1s, bake: 10m, drain: 2s, healthy_deadline: 60s, progress_deadline: 120s"
        let rolls = home
        try rolls.write(version: 1)
        try rolls.kiln("apply", expecting: [0])
        let times = try served(home) { _ in
            try (0..<5).map { round in
                try rolls.write(version: round + 2)
                let deploy = try rolls.shell.start("exec \(rolls.line("deploy f0"))")
                let mark = "f0-\(round + 2)-"
                let isOver = waitUntil(60) {
                    let serving = rolls.serving("f0")
                    return serving.count == rolls.instances && serving.allSatisfy { $0.hasPrefix(mark) }
                }
                guard isOver != nil else {
                    throw CommandFailure(description: "release \(round + 2) does not serve")
                }
                let began = seconds()
                let abort = try rolls.shell.start("exec \(rolls.line("abort f0"))")
                let back = waitUntil(60, every: 5_000) {
                    let serving = rolls.serving("f0")
                    return serving.count == rolls.instances && serving.allSatisfy { !$0.hasPrefix(mark) }
                }
                guard back != nil else { throw CommandFailure(description: "the stable release is not back") }
                let time = seconds() - began
                for process in [abort, deploy] { Shell.wait(for: process) }
                complain("rollback: \(milliseconds(time))")
                return time
            }
        }
        return Row(
            goal: "<= 1 s after the word",
            seen:
                "p50 \(fixed(quantile(times, 0.5), 2)) s, most \(fixed(times.max() ?? 0, 2)) s, \(times.count) times",
            isMet: quantile(times, 0.5) <= 1
        )
    }

    static let reconcile = Case(
        name: "reconcile",
        work: "100 instances in 20 fleets, nothing to change",
        fleets: 20,
        instances: 5
    ) { home, request in
        func cost(_ arguments: String) throws -> Cost {
            let command = BenchmarkCommand(line: "exec \(home.line(arguments))", folder: home.folder)
            let costs = try (0..<3).map { _ in try command.run() }
            return costs.sorted { $0.wall < $1.wall }[1]
        }
        let (plan, apply) = (try cost("plan"), try cost("apply"))
        return Row(
            goal: "<= 1 s",
            seen:
                "apply \(fixed(apply.wall, 2)) s (\(fixed(apply.cpu, 2)) CPU-s), plan \(fixed(plan.wall, 2)) s (\(fixed(plan.cpu, 2)) CPU-s), \(fixed(apply.largestPeak, 0)) MiB",
            isMet: apply.wall <= 1
        )
    }

    /// From the first record of an instance to the last, which is written once its program was let go.
    static let start = Case(
        name: "start",
        work: "making an instance, over a bare runc run",
        fleets: 1,
        instances: 1
    ) { home, request in
        var made: [Double] = []
        for count in 2...11 {
            try home.kiln("scale f0 \(count)")
            let newest = home.instances(of: "f0").map { instance in
                let folder = "\(home.home)/run/f0/\(instance.name)"
                return (written("\(folder)/spec.json"), written("\(folder)/process.json"))
            }.max { $0.0 < $1.0 }
            if let newest { made.append(newest.1 - newest.0) }
        }
        try home.shell.run(
            """
            mkdir -p bare/rootfs; tar -C bare/rootfs -xf root.tar; cd bare; runc spec
            sed -i 's|"sh"|"/bin/busybox","true"|; s|"terminal": true|"terminal": false|' config.json
            """
        )
        let bare = try (0..<5).map { number in
            try BenchmarkCommand(
                line: "exec runc run bare-\(getpid())-\(number)",
                folder: "\(home.folder)/bare"
            )
            .run().wall
        }
        let over = quantile(made, 0.5) - quantile(bare, 0.5)
        return Row(
            goal: "<= 100 ms more",
            seen:
                "\(milliseconds(quantile(made, 0.5))) against \(milliseconds(quantile(bare, 0.5))): \(milliseconds(over)) more",
            isMet: over <= 0.1
        )
    }

    private static func written(_ path: String) -> Double {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return 0 }
        return Double(facts.st_mtim.tv_sec) + Double(facts.st_mtim.tv_nsec) / 1e9
    }
}
