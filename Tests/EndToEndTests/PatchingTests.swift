import FoundationEssentials
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs root and the tools of the sandbox"))
struct `Patching` {
    @Test func `moves the lock, and re-bakes what holds the package and what stands on it, and nothing else`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let (kiln, archive) = try await project(in: sandbox)
            try await kiln.succeed("lock")
            let lock = try Files.read(kiln.project.appending("kiln.lock"))
            let first = try await bake(kiln)
            #expect(first.made == ["app 1", "app 2", "base 1", "side 1", "top 1"])

            // Nothing moved: the same bytes, and nothing to bake.
            for arguments in [["lock"], ["lock", "--update"]] {
                let again = try await ToolRunner().run(kiln.invocation(arguments))
                #expect(again.errorText.contains("nothing moved"))
                #expect(try Files.read(kiln.project.appending("kiln.lock")) == lock)
                let baked = try await bake(kiln)
                #expect(baked.made == [] && baked.digests == first.digests)
            }

            // A package of an image in the middle.
            try await archive.add("tool", 2, fixing: "CVE-2026-0001", in: .security)
            try await archive.publish()
            #expect(try await kiln.succeed("lock").messages.contains("nothing moved"))
            let foreseen = try await kiln.succeed("lock", "--update", "--dry-run", "--format", "markdown")
            #expect(foreseen.output.contains("| app | tool | 1 | 2 | own-security | CVE-2026-0001 |"))
            let moved = try await kiln.succeed("lock", "--update", "tool")
            #expect(moved.output.contains("own-security") && moved.output.contains("CVE-2026-0001"))
            let second = try await bake(kiln)
            #expect(second.made == ["app 1", "app 2", "top 1"])
            #expect(second.digests["base"] == first.digests["base"])
            #expect(second.digests["side"] == first.digests["side"])

            // One of a sibling, then one of the base.
            try await archive.add("sidekick", 2)
            try await archive.publish()
            try await kiln.succeed("lock", "--update")
            #expect(try await bake(kiln).made == ["side 1"])
            try await archive.add("libone", 2)
            try await archive.publish()
            let json = try await kiln.succeed("lock", "--update", "--format", "json").output
            #expect(json.contains("\"suites\" : [\n        \"own\"\n      ]"))
            #expect(try await bake(kiln).made == ["app 1", "app 2", "base 1", "side 1", "top 1"])
            let history = try await kiln.succeed("image", "history", "top").output
            #expect(history.contains("current") && !history.contains("outdated"))
        }
    }

    @Test func `tells how far images and fleets are behind, and since when`() async throws {
        try await Sandbox.with { sandbox in
            let (kiln, archive) = try await project(in: sandbox)
            sandbox.onExit { try await kiln.run("destroy", "app") }
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            try await kiln.succeed("deploy", "app")
            #expect(!(try await kiln.succeed("status", "app").output.contains("patches")), "nobody asked yet")
            #expect(try await kiln.succeed("outdated", "--exit-code").messages.contains("nothing is behind"))
            #expect(try await kiln.succeed("status", "app").output.contains("nothing newer is known"))

            try await archive.add("tool", 2)
            try await archive.add("tool", 3, fixing: "CVE-2026-0002", in: .security)
            try await archive.add("libone", 2, fixing: "CVE-2026-0001")
            try await archive.publish()
            let lock = try Files.read(kiln.project.appending("kiln.lock"))
            let pending = try await kiln.run("outdated", "--exit-code", "--format", "json")
            #expect(pending.code == 6, "\(pending.messages)")
            #expect(try Files.read(kiln.project.appending("kiln.lock")) == lock)
            let report = try JSONDecoder().decode(Report.self, from: Data(pending.output.utf8))
            let app = try #require(report.images.first { $0.image == "app" })
            // The entry of version 2, the first that is missed, was written on the third of January at 11:00 UTC.
            #expect(app.own.behind == 1 && app.own.security == 1 && app.own.vulnerabilities == 1)
            #expect(app.own.since == "2026-01-03T11:00:00Z")
            #expect(app.inherited.behind == 1 && app.inherited.packages == 5)
            let fleet = try #require(report.fleets.first)
            #expect(fleet.release == 1 && fleet.lag?.behind == 2 && fleet.lag?.vulnerabilities == 2)
            #expect(report.images.first { $0.image == "side" }?.own.behind == 0)

            // It is remembered, wherever the definition is by now.
            let definition = try Files.readText(kiln.project.appending("kiln.yaml"))
            try Files.remove(kiln.project.appending("kiln.yaml"))
            let status = try await kiln.succeed("status", "app").output
            let words = "2 packages are behind (2 of them for security), seen first"
            #expect(status.contains(words), "\(status)")
            #expect(try await kiln.succeed("report", "app").output.contains("2, 2 security"))
            try kiln.write(definition, to: "kiln.yaml")

            // The lock moves and nobody deploys: the fleet is still behind.
            try await kiln.succeed("lock", "--update")
            let late = try await kiln.succeed("outdated", "app")
            #expect(late.output.contains("own-security") && late.output.contains("CVE-2026-0002"))
            #expect(late.messages.contains("next: kiln bake, kiln deploy"))
            let markdown = try await kiln.succeed("outdated", "--format", "markdown").output
            #expect(markdown.contains("| app | tool | 1 | 3 | own-security | 2026-01-03 | CVE-2026-0002 |"))
            try await kiln.succeed("bake")
            try await kiln.succeed("deploy", "app")
            #expect(!(try await kiln.succeed("status", "app").output.contains("patches")), "another image")

            // A controller asks by itself.
            try await Serving.with(kiln, ["--check-archives", "6h"]) { _ in
                try await eventually("the archives were asked") {
                    try await kiln.succeed("status", "app").output.contains("nothing newer is known")
                }
            }
            #expect(try await kiln.succeed("outdated", "--exit-code").messages.contains("nothing is behind"))
        }
    }

    private struct Report: Decodable {
        struct Lag: Decodable {
            let packages: Int
            let behind: Int
            let security: Int
            let vulnerabilities: Int
            let since: String?
        }

        struct Image: Decodable {
            let image: String
            let own: Lag
            let inherited: Lag
        }

        struct Fleet: Decodable {
            let release: Int
            let lag: Lag?
        }

        let images: [Image]
        let fleets: [Fleet]
    }

    private struct Baked {
        var digests: [String: String] = [:]
        /// `<image> <number of the layer among its own>`, sorted.
        var made: [String] = []
    }

    private struct BakeReport: Decodable {
        struct Layer: Decodable {
            let cached: Bool
        }

        struct Image: Decodable {
            let name: String
            let digest: String
            let layers: [Layer]
        }

        let images: [Image]
    }

    private static let parents = ["side": "base", "app": "base", "top": "app"]

    private func bake(_ kiln: KilnProcess) async throws -> Baked {
        let output = try await kiln.succeed("bake", "--format", "json").output
        let report = try JSONDecoder().decode(BakeReport.self, from: Data(output.utf8))
        var baked = Baked()
        let counts = Dictionary(report.images.map { ($0.name, $0.layers.count) }) { first, _ in first }
        for image in report.images {
            baked.digests[image.name] = image.digest
            let below = Self.parents[image.name].flatMap { counts[$0] } ?? 0
            for (position, layer) in image.layers.enumerated() where position >= below && !layer.cached {
                baked.made.append("\(image.name) \(position - below + 1)")
            }
        }
        baked.made.sort()
        return baked
    }

    private func project(in sandbox: Sandbox) async throws -> (KilnProcess, OwnArchive) {
        let archive = try await OwnArchive.make(in: sandbox)
        for name in ["libone", "sidekick", "tool"] { try await archive.add(name, 1) }
        try await archive.add("unrelated", 1, in: .security)
        try await archive.publish()
        let kiln = try KilnProcess(sandbox)
        try kiln.write("a file\n", to: "file")
        try kiln.write(
            """
            kiln: 1
            archives:
              own: \(archive.definition)
            images:
              base: {from: archive:own, packages: [libone]}
              side: {from: image:base, packages: [sidekick]}
              app:
                from: image:base
                packages: [tool]
                files: [{source: file, target: /opt/file}]
                entrypoint: [/bin/sh, -c, "while :; do sleep 1; done"]
                stop: {signal: KILL, grace: 100ms}
              top: {from: image:app, files: [{source: file, target: /opt/other}]}
            fleets:
              app: {image: app, instances: 1, rollout: {min_healthy: 100ms, bake: 100ms}}

            """,
            to: "kiln.yaml"
        )
        return (kiln, archive)
    }
}
