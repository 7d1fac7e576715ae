import Glibc

// kiln-benchmarks [ROUNDS]: prints one table row per case, ours beside its peer, medians.
// KILN_BIN names the kiln to measure (a release build).

guard let binary = getenv("KILN_BIN") else {
    complain("set KILN_BIN to a release build of kiln")
    exit(2)
}
let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 9
let folder = "/tmp/kiln-benchmarks-\(getpid())"
do {
    let bench = try Workbench(folder: folder, kiln: String(cString: binary))
    print("| work | kiln | peer | wall ratio |\n|---|---|---|---|")
    for pair in try bench.cases(rounds: rounds) {
        print(try pair.run().row)
    }
    _ = try? bench.kiln("destroy app --volumes", in: "app").run()
    try BenchmarkCommand(line: "rm -rf '\(folder)'", folder: "/").run()
} catch {
    complain("\(error) (left for a look: \(folder))")
    exit(1)
}

func complain(_ text: String) {
    let line = text + "\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}
