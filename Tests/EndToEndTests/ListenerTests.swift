import FoundationEssentials
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `A fleet with several listeners` {
    @Test func `gets them as policy, renews its certificate, and keeps a bad one out`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8593)
            let kiln = app.kiln
            sandbox.onExit {
                try await kiln.succeed("destroy", "--all", "--volumes")
                try await app.expectNothingBeyond(instances: 0)
            }
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            try await kiln.succeed("apply")
            #expect(try await app.get("/") == "version 1\n")

            try await certificate("one", sandbox)
            try listen(app, sandbox)
            let plan = try await kiln.run("plan")
            #expect(plan.code == 6)
            #expect(
                plan.output.contains(
                    "listen: 127.0.0.1:8593 -> 127.0.0.1:8593, 127.0.0.1:8594 to http (https)"
                ),
                "\(plan.output)"
            )
            #expect(!plan.output.contains("replace"), "\(plan.output)")
            try await kiln.succeed("apply")
            #expect(try await shown() == "one")
            #expect(try await kiln.run("plan").code == 0)
            let status = try await kiln.succeed("status", "web").output
            #expect(status.contains("on 127.0.0.1:8593, 127.0.0.1:8594 to http (https)"), "\(status)")
            #expect(status.contains("the certificate of 127.0.0.1:8594 expires in 9 days"), "\(status)")

            try await certificate("two", sandbox)
            let renewal = try await kiln.run("plan")
            #expect(renewal.code == 6)
            #expect(
                renewal.output.contains("there is a new certificate for its listeners"),
                "\(renewal.output)"
            )
            try await kiln.succeed("apply")
            #expect(try await shown() == "two")
            let releases = try await kiln.succeed("releases", "web").output
            #expect(!releases.split(separator: "\n").contains { $0.hasPrefix("2 ") }, "\(releases)")

            try Files.write("nothing", to: sandbox.path.appending("keys").appending("shop.key"))
            let refused = try await kiln.run("apply")
            #expect(refused.code == 1)
            #expect(
                refused.messages.contains("fleet web shows its old certificate on 127.0.0.1:8594"),
                "\(refused.messages)"
            )
            #expect(refused.messages.contains("shop.key has no private key"), "\(refused.messages)")
            #expect(try await kiln.run("apply").code == 1, "as long as it is so")
            let events = try await kiln.succeed("events", "web").output
            #expect(events.contains("is renewed; it expires at"), "\(events)")
            #expect(events.contains("is refused, the one before is shown on"), "\(events)")
            #expect(try await shown() == "two")
            #expect(try await app.get("/") == "version 1\n")

            try await Serving.with(kiln) { _ in
                try await certificate("three", sandbox)
                try await eventually("the controller shows the new one") { try await shown() == "three" }
                try await kiln.succeed("apply")
            }
        }
    }

    private func listen(_ app: WebApp, _ sandbox: Sandbox) throws {
        let keys = sandbox.path.appending("keys")
        let text = try Files.readText(app.kiln.project.appending("kiln.yaml"))
        let listeners = """
            listen:
                  - 127.0.0.1:8593
                  - {address: "127.0.0.1:8594", port: http, tls: {certificate: "file:\(keys)/shop.pem", key: "file:\(keys)/shop.key"}}
            """
        try app.kiln.write(text.replacing("listen: 127.0.0.1:8593", with: listeners), to: "kiln.yaml")
    }

    private func certificate(_ name: String, _ sandbox: Sandbox) async throws {
        let keys = sandbox.path.appending("keys")
        try Files.createDirectory(keys)
        try await ToolRunner().run(
            ToolInvocation(
                "openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout",
                    "\(keys)/shop.key", "-out", "\(keys)/shop.pem", "-days", "10", "-subj", "/CN=\(name)",
                ]
            )
        )
    }

    private func shown() async throws -> String {
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation(
                "sh",
                [
                    "-c",
                    "openssl s_client -connect 127.0.0.1:8594 </dev/null 2>/dev/null | sed -n 's/^subject=CN = //p'",
                ]
            )
        )
        return output.text.trimmingNewlines
    }
}

extension String {
    fileprivate var trimmingNewlines: String { String(prefix { !$0.isNewline }) }
}
