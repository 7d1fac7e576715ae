import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `A canary under load` {
    @Test func `is promoted when it does as well, and taken back when it is healthy and answers with errors`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8594)
            try release(app, "1")
            try await app.kiln.succeed("lock")
            try await app.kiln.succeed("bake")
            sandbox.onExit {
                try await app.kiln.succeed("destroy", "--all", "--volumes")
                try await app.expectNothingBeyond(instances: 0)
            }
            try await app.kiln.succeed("deploy", "web")
            let good = try await load(app, sandbox) {
                try release(app, "2")
                try await app.kiln.succeed("bake")
                let deploy = try await app.kiln.succeed("deploy", "web")
                #expect(deploy.messages.contains("release 2 did well at 50 % of the requests: 0 % errors of"))
            }
            #expect(good.failed == 0, "\(good.failures)")
            _ = try await load(app, sandbox) {
                try release(app, "3", fails: true)
                try await app.kiln.succeed("bake")
                let deploy = try await app.kiln.run("deploy", "web")
                #expect(deploy.code == 5, "\(deploy.messages)")
                #expect(deploy.messages.contains("worse than the stable release"), "\(deploy.messages)")
            }
            #expect(try await app.get("/cgi-bin/page") == "version 2\n")
            let events = try await app.kiln.succeed("events", "--format", "json").output
            #expect(events.contains("rollout.analysis") && events.contains(": worse"))
        }
    }

    private func load(
        _ app: WebApp,
        _ sandbox: Sandbox,
        _ body: @escaping () async throws -> Void
    ) async throws -> Load.Result {
        try await Load.on(port: app.port, path: "/cgi-bin/page", rate: 100, in: sandbox, while: body)
    }

    /// The page comes from a script; a release that `fails` is healthy and answers a third of the requests with 500.
    private func release(_ app: WebApp, _ version: String, fails: Bool = false) throws {
        try app.release(version, instances: 2, rollout: Self.canary)
        let failure =
            fails ? "[ $(($$ % 3)) = 0 ] && printf 'Status: 500 Oops\\r\\n\\r\\nfailed\\n' && exit\n" : ""
        try app.kiln.write(
            "#!/bin/sh\n\(failure)printf 'Content-Type: text/plain\\r\\n\\r\\nversion \(version)\\n'\n",
            to: "site/cgi-bin/page",
            mode: 0o755
        )
    }

    private static let canary =
        WebApp.quick
        + ", strategy: canary, steps: [{weight: 50, pause: 4s, "
        + "analyze: {min_requests: 30, interval: 1s, latency: 20x}}]"
}
