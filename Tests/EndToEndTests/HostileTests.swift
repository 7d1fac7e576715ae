import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `Archives that mean no good` {
    /// What the built kiln may take of memory, in MiB, and of CPU time, in seconds, whatever it reads.
    private static let mostMemory = 256
    private static let mostSeconds = 120
    /// What does not end at all is ended then, in seconds; long, since others may have the processors meanwhile.
    private static let patience = 900

    private struct Measured {
        let code: Int
        let peak: Int
        let seconds: Double
        let output: String
        let messages: String
    }

    /// Runs it as a child of a process that has no other, which is told what the child took.
    private func measure(_ kiln: KilnProcess, _ arguments: [String]) async throws -> Measured {
        let watch = """
            import resource, subprocess, sys
            most, patience = int(sys.argv[1]), int(sys.argv[2])
            resource.setrlimit(resource.RLIMIT_CPU, (most, most))
            done = subprocess.run(sys.argv[3:], stdout=open("out", "wb"), stderr=open("err", "wb"), timeout=patience)
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            print(done.returncode, used.ru_maxrss // 1024, used.ru_utime + used.ru_stime)
            """
        let inner = try kiln.invocation(arguments)
        let said = try await ToolRunner().run(
            ToolInvocation(
                "python3",
                ["-c", watch, "\(Self.mostSeconds)", "\(Self.patience)", KilnProcess.executable] + arguments,
                environment: inner.environment,
                workingDirectory: kiln.project
            )
        )
        let words = said.text.split(whereSeparator: \.isWhitespace)
        return Measured(
            code: try #require(Int(words[0])),
            peak: try #require(Int(words[1])),
            seconds: try #require(Double(words[2])),
            output: try Files.readText(kiln.project.appending("out")),
            messages: try Files.readText(kiln.project.appending("err"))
        )
    }

    @Test(arguments: HostileSample.all)
    func `end in bounded memory and time, and what was left out is told`(
        _ sample: HostileSample
    )
        async throws
    {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try kiln.write(HostileSample.prelude + sample.script + "\n", to: "make.py")
            try await ToolRunner().run(
                ToolInvocation("python3", ["make.py"], workingDirectory: kiln.project)
            )
            let done = try await measure(kiln, ["sbom", sample.target])
            print("hostile: \(sample.name): exit \(done.code), \(done.peak) MiB, \(done.seconds) CPU-s")
            #expect(done.code == Int(sample.status), "\(done.messages)")
            #expect(done.peak <= Self.mostMemory)
            #expect(done.messages.contains(sample.says), "\(done.messages.prefix(2000))")
            if sample.status == 0 {
                #expect(done.output.contains(sample.holds), "\(done.output.prefix(1000))")
            }
            #expect(sample.says.isEmpty || done.messages.count < 4000)
        }
    }
}
