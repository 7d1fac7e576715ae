import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// A service whose image is against every rule of its gate, until it is mended.
@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `The rules of a gate` {
    private static let advisories = """
        {"id":"CVE-2026-0002","modified":"2026-11-20T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:12","name":"expat"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],"database_specific":{"urgency":"high"}}]}
        {"id":"CVE-2026-0003","modified":"2026-11-20T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:12","name":"zlib"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2"}]}],"database_specific":{"urgency":"low"}}]}

        """

    private static func status(zlib: String) -> String {
        [("expat", "2.5"), ("zlib", zlib)].map {
            "Package: \($0)\nStatus: install ok installed\nArchitecture: amd64\nVersion: \($1)\n"
        }
        .joined(separator: "\n")
    }

    private static let strict =
        "severity: high, licences: {deny: [AGPL-*]}, checks: refuse, verified: true, base_age: 90d, signature: [ci]"

    private func write(_ app: WebApp, gate: String, checks: Bool = false, more: String = "") throws {
        try app.release("1", instances: 1)
        let text = try Files.readText(app.kiln.project.appending("kiln.yaml"))
        let files = """
            files: [{source: site, target: /www}, {source: etc, target: /etc}, {source: var, target: /var}, {source: usr, target: /usr}]
                gate: {\(gate)}
            """
        try app.kiln.write(
            text.replacing("files: [{source: site, target: /www}]", with: files)
                .replacing("kiln: 1\n", with: "kiln: 1\ntrust: {ci: [ci.pub], lab: [lab.pub]}\n")
                .replacing(
                    "    user: web\n",
                    with: checks
                        ? "    user: web\n    checks: [{http: {path: /, status: 200}}]\n" : "    user: web\n"
                )
                .replacing("    image: web\n", with: "    image: web\n\(more)"),
            to: "kiln.yaml"
        )
    }

    private func app(_ sandbox: Sandbox, port: Int) async throws -> WebApp {
        var process = try KilnProcess(sandbox)
        process.environment["KILN_KEY_PASSPHRASE"] = "correct horse"
        let app = try await WebApp(process, port: port)
        let kiln = app.kiln
        sandbox.onExit { try await kiln.run("destroy", "web", "--volumes") }
        try kiln.write("ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n", to: "etc/os-release")
        try kiln.write(Self.status(zlib: "1"), to: "var/lib/dpkg/status")
        try kiln.write("License: AGPL-3\n", to: "usr/share/doc/zlib/copyright")
        try kiln.write("DB_PASSWORD=s3same!open\n", to: "etc/.env")
        try kiln.write(Self.advisories, to: "advisories.jsonl")
        try kiln.write("CVE-2026-0003\n", to: "kev.txt")
        for name in ["ci", "lab"] { try await kiln.succeed("key", "generate", "--out", name) }
        try await kiln.succeed("db", "import", "advisories.jsonl", "kev.txt")
        return app
    }

    @Test func `refuse one by one, name what to do, and let pass what was mended`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await app(sandbox, port: 8751)
            let kiln = app.kiln
            try write(app, gate: Self.strict)
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            func refused() async throws -> [String] {
                let result = try await kiln.run("deploy", "web")
                #expect(result.code == 3)
                let rules = [
                    "exploited", "severity", "secrets", "licences", "base_age", "checks", "verified",
                    "signature",
                ]
                return rules.filter { result.messages.contains(": \($0): ") }
            }
            #expect(
                try await refused() == [
                    "exploited", "severity", "secrets", "licences", "base_age", "checks", "verified",
                    "signature",
                ]
            )
            let told = try await kiln.run("deploy", "web").messages
            for part in [
                "zlib 1: CVE-2026-0003, low, exploited, mended in 2",
                "expat 2.5: CVE-2026-0002, high, not mended",
                "etc/.env", "zlib: AGPL-3", "kiln image verify web", "it is not signed by ci",
                "kiln image sign web --key FILE",
            ] { #expect(told.contains(part), "\(part) in \(told)") }
            // Scanned before it is signed.
            let scan = try await kiln.run("scan", "web")
            #expect(scan.code == 3 && !scan.messages.contains("signature"), "\(scan.messages)")

            try kiln.write(Self.status(zlib: "2"), to: "var/lib/dpkg/status")
            try Files.remove(kiln.project.appending("etc/.env"))
            try kiln.write("License: Zlib\n", to: "usr/share/doc/zlib/copyright")
            let mended = Self.strict.replacing("base_age: 90d", with: "unfixed: ignore")
            try write(app, gate: mended, checks: true)
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            #expect(try await refused() == ["verified", "signature"])
            try await kiln.succeed("image", "verify", "web")
            #expect(try await refused() == ["signature"])
            try await kiln.succeed("image", "sign", "web", "--key", "lab.key")
            let other = try await kiln.run("deploy", "web")
            #expect(other.code == 3 && other.messages.contains("a signature is by none of the keys"))
            #expect(try await kiln.run("plan").output.contains("signature: it is not signed by ci"))
            try await kiln.succeed("image", "sign", "web", "--key", "ci.key")
            try await kiln.succeed("deploy", "web")
            #expect(try await !kiln.succeed("releases", "web").messages.contains("gate of release"))
        }
    }

    @Test func `are overridden by kiln apply with a reason that stays; what is no gate is not`() async throws
    {
        try await Sandbox.with { sandbox in
            let app = try await app(sandbox, port: 8752)
            let kiln = app.kiln
            try write(app, gate: Self.strict, more: "    signed_by: [lab]\n")
            try await kiln.succeed("lock")
            for arguments in [["--override"], ["--why", "x"], ["--override", "--why", ""]] {
                let wrong = try await ToolRunner().runUnchecked(kiln.invocation(["apply"] + arguments))
                #expect(wrong.status == .exited(2), "\(arguments)")
            }
            let unsigned = try await kiln.run("apply", "--override", "--why", "a demonstration")
            #expect(unsigned.code == 3 && unsigned.messages.contains("is not signed by lab"))
            try await kiln.succeed("image", "sign", "web", "--key", "lab.key")
            let refused = try await kiln.run("apply")
            #expect(refused.code == 3 && refused.messages.contains("kiln apply --override --why TEXT"))
            try await kiln.succeed("image", "revoke", "web", "--why", "a mistake")
            #expect(try await kiln.run("apply", "--override", "--why", "a demonstration").code == 3)
            try await kiln.succeed("image", "revoke", "web", "--why", "it was none", "--undo")

            try await kiln.succeed("apply", "--override", "--why", "a demonstration")
            let events = try await kiln.succeed("events", "web").output
            #expect(
                events.contains(
                    "made although its gate refused it (exploited, severity, secrets, licences, base_age, checks, verified, signature): a demonstration"
                ),
                "\(events)"
            )
            let releases = try await kiln.succeed("releases", "web")
            #expect(
                releases.messages.contains("signature) was overridden by")
                    && releases.messages.contains(": a demonstration")
            )
            // Nothing is asked again of what was admitted.
            try await kiln.succeed("apply")
            try await kiln.succeed("recycle", "web")
        }
    }

    @Test func `have beside them in a plan what a deploy would refuse: a port that nobody answers on`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8753)
            let kiln = app.kiln
            sandbox.onExit { try await kiln.run("destroy", "web", "--volumes") }
            try app.release("1", instances: 1)
            try await kiln.succeed("lock")
            try await kiln.succeed("apply")
            try app.release("2", instances: 1)
            let text = try Files.readText(kiln.project.appending("kiln.yaml"))
            try kiln.write(
                text.replacing("ports: {http: 8080}", with: "ports: {http: 8080, admin: 8081}")
                    .replacing(
                        "listen: 127.0.0.1:8753",
                        with: "listen: [{address: \"127.0.0.1:8753\", port: admin}]"
                    ),
                to: "kiln.yaml"
            )
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            let plan = try await kiln.run("plan")
            #expect(
                plan.code == 6 && plan.output.contains("refused release 1, which runs, has no port admin"),
                "\(plan.output)"
            )
            let deploy = try await kiln.run("deploy", "web")
            #expect(deploy.code == 2 && deploy.messages.contains("has no port admin"))
            let applied = try await kiln.run("apply")
            #expect(
                applied.code == 2 && applied.messages.contains("has no port admin"),
                "\(applied.messages)"
            )
        }
    }
}
