import BenchmarkCommands
import Glibc

// kiln-benchmarks [--rounds N] [CASE...]: prints the table's rows, ours beside the peers', medians.
// KILN_BIN names the kiln to measure (a release build); KILN_BENCHMARK_VERBOSE shows what the commands say.

/// What the command line asks for.
struct Request {
    var rounds: Int?
    var cases = Case.all

    init(_ words: [String]) throws {
        var words = words[...]
        var names: [String] = []
        while let word = words.popFirst() {
            if word == "--rounds" {
                guard let count = words.popFirst().flatMap({ Int($0) }), count > 0 else {
                    throw CommandFailure(description: "--rounds takes a number")
                }
                rounds = count
            } else {
                guard Case.all.contains(where: { $0.name == word }) else {
                    let known = Case.all.map(\.name).joined(separator: ", ")
                    throw CommandFailure(description: "no case \"\(word)\"; there are: \(known)")
                }
                names.append(word)
            }
        }
        if !names.isEmpty { cases = cases.filter { names.contains($0.name) } }
    }
}

guard let binary = getenv("KILN_BIN") else {
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
let folder = "/tmp/kiln-benchmarks-\(getpid())"
do {
    let bench = try Workbench(folder: folder, kiln: String(cString: binary), rounds: request.rounds)
    say(Row.head)
    for benchmark in request.cases {
        for row in try benchmark.rows(bench) { say(row.text) }
    }
    try bench.clear()
} catch {
    complain("\(error) (left for a look: \(folder))")
    exit(1)
}
