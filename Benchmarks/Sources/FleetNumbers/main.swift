import BenchmarkCommands
import Glibc

// fleet-numbers [--kills N] [--seed N] [--idle SECONDS] [--churn MINUTES] [--chaos N] [--mutations N] [--quiet MINUTES] [--port N] [CASE...]
// Measures fleets of real instances against Kiln's goals. Run as root; KILN_BIN names the kiln to measure (a release build).

guard let binary = getenv("KILN_BIN").map({ String(cString: $0) }) else {
    complain("set KILN_BIN to a release build of kiln")
    exit(2)
}
signal(SIGPIPE, SIG_IGN)
do {
    let request = try Request(Array(CommandLine.arguments.dropFirst()))
    say("| case | work | goal | seen | |\n|---|---|---|---|---|")
    var isMet = true
    for chosen in request.cases {
        let row = try chosen.run(binary, request)
        isMet = isMet && row.isMet
        say(
            "| \(chosen.name) | \(chosen.work) | \(row.goal) | \(row.seen) | \(row.isMet ? "met" : "missed") |"
        )
    }
    exit(isMet ? 0 : 1)
} catch {
    complain("\(error)")
    exit(2)
}
