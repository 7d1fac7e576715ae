import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: Files.exists("/usr/bin/skopeo"), "needs skopeo"))
struct `Bakes and collections at once` {
    private static let rounds = 12

    @Test func `leave every image whole, whoever comes first and whoever is killed`() async throws {
        try await Sandbox.with { sandbox in
            let projects = try (1...3).map { try KilnProcess(sandbox, project: "project\($0)") }
            for (number, kiln) in projects.enumerated() {
                try kiln.write(
                    """
                    kiln: 1
                    images:
                      base\(number): {from: scratch, files: [{source: base, target: /base}]}
                      app\(number): {from: image:base\(number), files: [{source: app, target: /app}]}

                    """,
                    to: "kiln.yaml"
                )
                try kiln.write("0", to: "base/file")
                try kiln.write("0", to: "app/file")
                try await kiln.succeed("lock")
            }
            for round in 1...Self.rounds {
                for kiln in projects {
                    // Back and forth, so that layers that a collection may be after are wanted again.
                    try kiln.write("\(round % 3)", to: "base/file")
                    try kiln.write("\(round % 5)", to: "app/file")
                }
                try await runRound(round, projects)
                for (number, kiln) in projects.enumerated() {
                    for name in ["base\(number)", "app\(number)"] {
                        try await expectWhole(name, kiln, sandbox, "round \(round)")
                    }
                    let again = try await kiln.succeed("bake", "--format", "json").output
                    #expect(!again.contains("\"cached\" : false"), "round \(round)")
                }
            }
            let last = projects[0]
            try await last.succeed("gc")
            #expect(try await last.succeed("gc", "--dry-run").messages.contains("would free 0 B"))
        }
    }

    /// Three bakes and three collections; another bake is killed at some moment.
    private func runRound(_ round: Int, _ projects: [KilnProcess]) async throws {
        let collections = [["gc"], ["gc", "--keep-last", "2"], ["gc", "--dry-run"]]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for kiln in projects {
                group.addTask { try await kiln.succeed("bake") }
            }
            for arguments in collections {
                let command = try projects[0].invocation(arguments)
                group.addTask { try await ToolRunner().run(command) }
            }
            let victim = try projects[round % 3].invocation(["bake"]).commandLine
            let milliseconds = 10 * (round * 7 % 12)
            let killed =
                "timeout --signal KILL 0.\(milliseconds < 100 ? "0" : "")\(milliseconds) env \(victim) || true"
            group.addTask {
                try await ToolRunner().run(
                    ToolInvocation("bash", ["-c", killed], workingDirectory: projects[round % 3].project)
                )
            }
            try await group.waitForAll()
        }
    }

    /// A peer reads every blob and checks its digest.
    private func expectWhole(
        _ name: String,
        _ kiln: KilnProcess,
        _ sandbox: Sandbox,
        _ when: String
    ) async throws {
        let target = sandbox.path.appending("copy").string
        let copy = try await ToolRunner().runUnchecked(
            ToolInvocation(
                "skopeo",
                ["copy", "--quiet", "--insecure-policy", "oci:\(kiln.home.images):\(name)", "dir:\(target)"]
            )
        )
        #expect(copy.status == .exited(0), "\(when), \(name): \(copy.errorText)")
    }
}
