import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `What has a vulnerability` {
    private static let advisory = """
        {"id":"CVE-2026-0001","modified":"2026-11-20T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:12","name":"zlib"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2"}]}],"database_specific":{"urgency":"high"}}]}

        """

    /// Images `a`, which is mended, and `b`, which is not.
    private func project(_ sandbox: Sandbox) async throws -> KilnProcess {
        let kiln = try KilnProcess(sandbox)
        var text = "kiln: 1\nimages:\n"
        for (name, version) in [("a", "2"), ("b", "1")] {
            text += "  \(name): {from: scratch, files: [{source: \(name), target: /}]}\n"
            try kiln.write("ID=debian\nVERSION_ID=12\n", to: "\(name)/etc/os-release")
            try kiln.write(
                "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: \(version)\n",
                to: "\(name)/var/lib/dpkg/status"
            )
        }
        try kiln.write(text, to: "kiln.yaml")
        try kiln.write(Self.advisory, to: "one.jsonl")
        try await kiln.succeed("db", "import", "one.jsonl")
        try await kiln.succeed("lock")
        try await kiln.succeed("bake")
        return kiln
    }

    @Test
    func `is answered from what is kept of images, with no layer opened again, for a newer database too`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let kiln = try await project(sandbox)
            let first = try await kiln.succeed("affected", "CVE-2026-0001")
            #expect(first.output.contains("b  ") && !first.output.contains("a  "), "\(first.output)")
            #expect(first.messages.contains("1 image is affected"))
            #expect(try Files.list(kiln.home.inventories).count == 2)
            // Layers that nobody can read any more, nor what was found in them.
            for name in try Files.list(kiln.home.images.appending("blobs/sha256")) {
                let path = kiln.home.images.appending("blobs/sha256").appending(name)
                guard let magic = try? Files.read(path).prefix(4),
                    magic.elementsEqual([0x28, 0xB5, 0x2F, 0xFD])
                else { continue }
                try Files.write([], to: path)
            }
            for name in try Files.list(kiln.home.layers) where name.hasSuffix(".inventory") {
                try Files.remove(kiln.home.layers.appending(name))
            }
            #expect(try await kiln.succeed("affected", "CVE-2026-0001").output == first.output)
            try kiln.write(Self.advisory.replacing("CVE-2026-0001", with: "CVE-2026-0009"), to: "two.jsonl")
            try await kiln.succeed("db", "import", "two.jsonl")
            let newer = try await kiln.succeed("affected", "CVE-2026-0009").output
            #expect(newer.contains("CVE-2026-0009") && newer.contains("b  "), "\(newer)")
            #expect(try await kiln.run("scan", "b", "--skip-secrets", "--severity", "high").code == 3)
            #expect(try await kiln.run("sbom", "b").code == 0)
        }
    }

    @Test func `is judged by no file that is missing, and all that are missing are named`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try kiln.write(Self.advisory, to: "folder/one.jsonl")
            let refused = try await kiln.run("db", "import", "folder/one.jsonl", "nowhere", "folder")
            #expect(refused.code == 2, "\(refused.messages)")
            #expect(refused.messages.contains("there is no file nowhere"), "\(refused.messages)")
            #expect(refused.messages.contains("folder is a folder"), "\(refused.messages)")
            let none = try await kiln.run("affected", "CVE-2026-0001")
            #expect(none.code == 2 && none.messages.contains("there is no database"), "\(none.messages)")
        }
    }

    @Test func `is told with what could not be read and what nobody could judge`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await project(sandbox)
            #expect(try await !kiln.succeed("affected", "CVE-2026-0001").messages.contains("warning"))
            try kiln.write("{", to: "a/opt/app/node_modules/y/package.json")
            try kiln.write(
                #"{"name": "z", "version": "1.0.0"}"#,
                to: "b/opt/app/node_modules/z/package.json"
            )
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            for _ in 0..<2 {
                // The second time from what is kept.
                let told = try await kiln.succeed("affected", "CVE-2026-0001").messages
                #expect(told.contains("warning: a could not be read whole, and may be affected"), "\(told)")
                #expect(told.contains("opt/app/node_modules/y/package.json: "), "\(told)")
                #expect(told.contains("warning: 1 package could not be judged"), "\(told)")
            }
            // An image of which nothing is kept and whose layers are gone.
            let blobs = kiln.home.images.appending("blobs/sha256")
            for name in try Files.list(blobs) {
                let magic = try Files.read(blobs.appending(name)).prefix(4)
                if magic.elementsEqual([0x28, 0xB5, 0x2F, 0xFD]) { try Files.remove(blobs.appending(name)) }
            }
            try Files.remove(kiln.home.inventories)
            let answer = try await kiln.succeed("affected", "CVE-2026-0001", "--format", "json").output
            #expect(!answer.contains("CVE-2026-0001"), "\(answer)")
            #expect(answer.contains("some of its layers are not here"), "\(answer)")
        }
    }

    @Test func `is the same after any kill in the middle of writing what is kept`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await project(sandbox)
            let whole = try await kiln.succeed("affected", "CVE-2026-0001").output
            let bill = try await kiln.succeed("sbom", "b").output
            // Killed a little later each time, whatever it does then.
            for time in [
                "0.01", "0.02", "0.03", "0.05", "0.08", "0.11", "0.14", "0.18", "0.22", "0.27", "0.35",
            ] {
                try Files.remove(kiln.home.inventories)
                let process = try kiln.invocation(["affected", "CVE-2026-0001"]).commandLine
                _ = try await ToolRunner().runUnchecked(
                    ToolInvocation(
                        "timeout",
                        ["-s", "KILL", time, "bash", "-c", "exec \(process)"],
                        workingDirectory: kiln.project
                    )
                )
                #expect(try await kiln.succeed("affected", "CVE-2026-0001").output == whole)
                #expect(try await kiln.succeed("sbom", "b").output == bill)
            }
            try await kiln.succeed("gc")
            #expect(try Files.list(kiln.home.inventories).allSatisfy { !$0.hasPrefix(".") })
        }
    }
}
