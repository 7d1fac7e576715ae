import Glibc
import KilnDefinition
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// Requests to a fleet's listener, one after another: some clients keep their connection, some make a new one each time.
struct Load {
    struct Outcome {
        let sent: Int
        let failed: [String]
    }

    private let workers: [Task<[String], Never>]
    private let stopFile: FilePath

    static func start(
        _ fleet: LocalFleet,
        _ sandbox: Sandbox,
        at listen: Listeners? = nil
    ) throws -> Load {
        let stopFile = sandbox.path.appending("stop-load")
        let address = (listen ?? fleet.settings.listen)?.description ?? ""
        let workers = [true, true, false, false].map { keepsAlive in
            Task { await run("http://\(address)/index.html", keepsAlive, until: stopFile) }
        }
        return Load(workers: workers, stopFile: stopFile)
    }

    func stop() async throws -> Outcome {
        try Files.write("", to: stopFile)
        var answers: [String] = []
        for worker in workers { answers += await worker.value }
        return Outcome(sent: answers.count, failed: answers.filter { $0 != "200" })
    }

    /// The status of each request.
    private static func run(_ url: String, _ keepsAlive: Bool, until stopFile: FilePath) async -> [String] {
        var answers: [String] = []
        while !Files.exists(stopFile) {
            // One curl sends all its URLs over one connection where it may.
            let urls = Array(repeating: ["-o", "/dev/null", url], count: 20).flatMap { $0 }
            let header = keepsAlive ? [] : ["-H", "Connection: close"]
            let output = try? await ToolRunner().runUnchecked(
                ToolInvocation("curl", ["-s", "-m", "10", "-w", "%{http_code}\\n"] + header + urls)
            )
            answers += (output?.text ?? "no answer").split(separator: "\n").map(String.init)
        }
        return answers
    }
}
