import BenchmarkCommands
import Glibc

/// A folder for one run of the benchmarks, with the projects that are measured in it.
struct Workbench {
    let folder: String
    let kiln: String
    /// How often each case runs, when the command line says so.
    let rounds: Int?

    init(folder: String, kiln: String, rounds: Int?) throws {
        self.folder = folder
        self.kiln = kiln
        self.rounds = rounds
        try shell("rm -rf '\(folder)'; mkdir -p '\(folder)'")
    }

    /// A project of this name, made by a script in its folder.
    func project(_ name: String, _ script: String) throws {
        try shell("mkdir -p '\(folder)/\(name)'; cd '\(folder)/\(name)'\n\(script)")
    }

    /// A `kiln` line in one of the projects. The shell becomes kiln, so that its memory can be looked at.
    func kiln(_ arguments: String, in project: String, home: String = "home") -> BenchmarkCommand {
        command("exec env KILN_HOME='\(folder)/\(home)' '\(kiln)' \(arguments)", in: project)
    }

    func command(_ line: String, in project: String) -> BenchmarkCommand {
        BenchmarkCommand(line: line, folder: "\(folder)/\(project)")
    }

    func has(_ tool: String) -> Bool {
        (try? BenchmarkCommand(line: "command -v \(tool)", folder: "/").run()) != nil
    }

    func shell(_ script: String) throws {
        try BenchmarkCommand(line: script, folder: "/").run()
    }

    /// What ends with the run, however it ends: fleets, containers, the folder.
    func clear() throws {
        try shell(
            """
            if [ -d '\(folder)/app' ]; then cd '\(folder)/app'
            KILN_HOME='\(folder)/home' '\(kiln)' destroy app --volumes || true; fi
            cd /; rm -rf '\(folder)'
            """
        )
    }
}
