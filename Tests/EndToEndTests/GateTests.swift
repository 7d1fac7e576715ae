import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs root and the tools of the sandbox"))
struct `A gate of an image` {
    private static func advisory(_ id: String, fixed: Int) -> String {
        #"{"id":"\#(id)","modified":"2026-11-20T00:00:00Z","summary":"a flaw of a test","affected":[{"package":{"ecosystem":"Debian:12","name":"tool"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"\#(fixed)"}]}],"database_specific":{"urgency":"high"}}]}"#
            + "\n"
    }

    @Test func `refuses what the main suite alone gives, and passes after an update with the security suite`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let archive = try await OwnArchive.make(in: sandbox)
            try await archive.add("tool", 1)
            try await archive.add("tool", 2, fixing: "CVE-2026-0001", in: .security)
            try await archive.publish()
            let kiln = try KilnProcess(sandbox)
            sandbox.onExit { try await kiln.run("destroy", "app") }
            try kiln.write("ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n", to: "os-release")
            try kiln.write(Self.definition(archive.mainOnly), to: "kiln.yaml")
            try kiln.write(Self.advisory("CVE-2026-0001", fixed: 2), to: "one.jsonl")

            // Nothing to judge by.
            let none = try await kiln.run("scan", "app")
            #expect(none.code == 2 && none.messages.contains("kiln db update"), "\(none.messages)")
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            let unjudged = try await kiln.run("deploy", "app")
            #expect(
                unjudged.code == 3 && unjudged.messages.contains("no database of advisories"),
                "\(unjudged.messages)"
            )

            try await kiln.succeed("db", "import", "one.jsonl")
            let scan = try await kiln.run("scan", "app")
            #expect(scan.code == 3 && scan.output.contains("CVE-2026-0001"), "\(scan.messages)\(scan.output)")
            let json = try await kiln.run("scan", "app", "--format", "json").output
            #expect(json.contains("\"layer\" :") && json.contains("kiln.yaml:"))
            #expect(try await kiln.run("scan", "app", "--format", "json").output == json)

            let plan = try await kiln.run("plan")
            #expect(
                plan.code == 6 && plan.output.contains("does not pass its gate"),
                "\(plan.messages)\(plan.output)"
            )
            let refused = try await kiln.run("deploy", "app")
            #expect(refused.code == 3)
            #expect(
                refused.messages.contains("tool 1: CVE-2026-0001, high, mended in 2"),
                "\(refused.messages)"
            )
            #expect(refused.messages.contains("kiln lock --update tool"))
            #expect(try await kiln.run("apply").code == 3)

            // Past it only with a reason, which stays.
            #expect(try await kiln.run("deploy", "app", "--override").code == 2)
            try await kiln.succeed("deploy", "app", "--override", "--why", "a demonstration")
            let events = try await kiln.succeed("events", "app").output
            #expect(
                events.contains("made although its gate refused it (severity): a demonstration"),
                "\(events)"
            )
            let affected = try await kiln.succeed("affected", "cve-2026-0001").output
            #expect(affected.contains("app (release 1)"), "\(affected)")
            let unknown = try await kiln.succeed("affected", "CVE-2026-1").messages
            #expect(unknown.contains("no advisory called CVE-2026-1"), "\(unknown)")
            #expect(!unknown.contains("no image is affected"), "\(unknown)")

            // The suite that has the fix.
            try kiln.write(Self.definition(archive.definition), to: "kiln.yaml")
            try await kiln.succeed("lock", "--update")
            try await kiln.succeed("bake")
            try await kiln.succeed("deploy", "app")
            #expect(try await kiln.run("scan", "app").code == 0)
            #expect(
                try await kiln.succeed("affected", "CVE-2026-0001").messages.contains("no image is affected")
            )

            // What becomes known later blocks nothing, and is told.
            try kiln.write(Self.advisory("CVE-2026-0002", fixed: 3), to: "two.jsonl")
            try await kiln.succeed("db", "import", "two.jsonl")
            let status = try await kiln.succeed("status", "app")
            #expect(
                status.messages.contains("release 2 of app would not pass its gate today: CVE-2026-0002"),
                "\(status.messages)"
            )
            try await kiln.succeed("recycle", "app")
            try await kiln.succeed("rollback", "app")
            #expect(try await kiln.run("deploy", "app").code == 0, "release 2 was admitted")
        }
    }

    private static func definition(_ archive: String) -> String {
        """
        kiln: 1
        archives:
          own: \(archive)
        images:
          app:
            from: archive:own
            packages: [tool]
            files: [{source: os-release, target: /etc/os-release}]
            entrypoint: [/bin/sh, -c, "while :; do sleep 1; done"]
            stop: {signal: KILL, grace: 100ms}
            gate: {severity: high, unfixed: ignore}
        fleets:
          app: {image: app, instances: 1, rollout: {min_healthy: 100ms, bake: 100ms}}

        """
    }
}
