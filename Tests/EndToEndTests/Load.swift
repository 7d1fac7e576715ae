import FoundationEssentials
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// HTTP load on a listener while a body runs: `scripts/load.py`, half keep-alive, half new connections.
struct Load {
    struct Result: Decodable {
        let sent: Int
        let failed: Int
        let failures: [String]
        /// How long it went on.
        let seconds: Double
    }

    private static let limit = 120.0

    /// To loopback only, and for two minutes at most: a body that takes longer fails.
    static func on(
        port: Int,
        path: String = "/",
        rate: Int = 300,
        in sandbox: Sandbox,
        while body: @escaping () async throws -> Void
    ) async throws -> Result {
        let stop = sandbox.path.appending("load-stop")
        try Files.remove(stop)
        let invocation = ToolInvocation(
            "python3",
            [
                Golden.project.appending("scripts/load.py").string, "http://127.0.0.1:\(port)", "--rate",
                String(rate),
                "--get", path, "--posts", "0", "--seconds", String(limit), "--stop-file", stop.string,
            ]
        )
        async let output = ToolRunner().run(invocation)
        do {
            try await body()
        } catch {
            try Files.write("", to: stop)
            _ = try? await output
            throw error
        }
        try Files.write("", to: stop)
        let result = try JSONDecoder().decode(Result.self, from: Data(try await output.standardOutput))
        #expect(result.seconds < limit, "the load ended before what it was to go along with")
        return result
    }
}
