import BenchmarkCommands
import Glibc

// deploy-under-load [--deploys N] [--rollbacks N] [--long N] [--reloads N] [--balancer-kills N] [--rate R] [--idle SECONDS]
// [PROGRAM...]
// Deploys fleets of third-party programs under a steady load, some releases of which never come up, and counts what failed.
// Run in the project's folder, as root; KILN_BIN names the kiln to measure (a release build).

struct Request {
    var numbers = [
        "--deploys": 100, "--rollbacks": 10, "--long": 5, "--reloads": 0, "--balancer-kills": 0,
        "--rate": 1000, "--idle": 20,
    ]
    var programs = Program.all

    init(_ words: [String]) throws {
        var words = words[...]
        var names: [String] = []
        while let word = words.popFirst() {
            if numbers[word] != nil {
                guard let count = words.popFirst().flatMap({ Int($0) }), count >= 0 else {
                    throw CommandFailure(description: "\(word) takes a number")
                }
                numbers[word] = count
            } else {
                guard Program.all.contains(where: { $0.name == word }) else {
                    let known = Program.all.map(\.name).joined(separator: ", ")
                    throw CommandFailure(description: "no program \"\(word)\"; there are: \(known)")
                }
                names.append(word)
            }
        }
        if !names.isEmpty { programs = programs.filter { names.contains($0.name) } }
        guard self["--deploys"] >= self["--long"], self["--deploys"] > 0, self["--rate"] > 0 else {
            throw CommandFailure(
                description: "there must be deploys, at least as many as --long, and a --rate"
            )
        }
    }

    subscript(name: String) -> Int { numbers[name] ?? 0 }
}

func milliseconds(_ value: Double) -> String { fixed(value, 1) }

func median(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.sorted()[values.count / 2] }

guard let binary = getenv("KILN_BIN").map({ String(cString: $0) }) else {
    complain("set KILN_BIN to a release build of kiln")
    exit(2)
}
let request: Request
do {
    request = try Request(Array(CommandLine.arguments.dropFirst()))
} catch {
    complain("\(error)")
    exit(2)
}
signal(SIGPIPE, SIG_IGN)
if let here = getcwd(nil, 0) { setenv("KILN_PROJECT", here, 1) }
let folder = "/tmp/kiln-deploys-\(getpid())"
say(
    """
    | program | deploys + rollbacks, median s | requests | failed | doubled | lost | sent again | p50, p99 ms alone | p50, p99 ms \
    during deploys | p99 ratio |
    |---|---|---|---|---|---|---|---|---|---|
    """
)
var isClean = true
for program in request.programs {
    let campaign = Campaign(
        program: program,
        kiln: binary,
        folder: "\(folder)/\(program.name)",
        rate: request["--rate"],
        deploys: request["--deploys"],
        rollbacks: request["--rollbacks"],
        longDeploys: request["--long"],
        reloads: request["--reloads"],
        balancerKills: request["--balancer-kills"],
        idleSeconds: Double(request["--idle"])
    )
    do {
        let result = try campaign.run()
        let (idle, busy) = (result.idle, result.busy)
        let failed = idle.failed + busy.failed
        isClean = isClean && failed + result.doubled + result.lost == 0
        let cells = [
            program.name,
            "\(result.deploys.count) + \(result.rollbacks.count), \(fixed(median(result.deploys), 1)) / \(fixed(median(result.rollbacks), 1))",
            "\(idle.answered + busy.answered + failed) (\(fixed(Double(busy.answered) / max(busy.duration, 1), 0))/s)",
            "\(failed)", "\(result.doubled)", "\(result.lost)", "\(idle.retried + busy.retried)",
            "\(milliseconds(idle.milliseconds(0.5))), \(milliseconds(idle.milliseconds(0.99)))",
            "\(milliseconds(busy.milliseconds(0.5))), \(milliseconds(busy.milliseconds(0.99)))",
            fixed(busy.milliseconds(0.99) / max(idle.milliseconds(0.99), 0.001), 2),
        ]
        say("| " + cells.joined(separator: " | ") + " |")
        for (reason, count) in (idle.failures.merging(busy.failures) { $0 + $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            complain("\(program.name): \(count) failed, \(reason)")
        }
        if let killed = result.killed {
            let reasons = killed.failures.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            complain(
                "\(program.name): balancer killed in \(request["--balancer-kills"]) deploys, each of which came to its end: \(killed.failed) of \(killed.answered + killed.failed) requests failed (\(reasons.joined(separator: ", ")))"
            )
        }
        let sessions = busy.latencies.filter { $0.key != .short && $0.key != .post }.sorted {
            $0.key.rawValue < $1.key.rawValue
        }
        if !sessions.isEmpty {
            complain(
                "\(program.name): "
                    + sessions.map { "\($0.value.count) \($0.key.rawValue)s done" }.joined(separator: ", ")
            )
        }
    } catch {
        complain("\(program.name): \(error) (left for a look: \(folder))")
        exit(1)
    }
}
_ = try? BenchmarkCommand(line: "rm -rf '\(folder)'", folder: "/").run()
exit(isClean ? 0 : 1)
