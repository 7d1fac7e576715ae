import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Images of other tools` {
    private static let advisory =
        #"{"id":"CVE-2026-0001","modified":"2026-11-20T00:00:00Z","summary":"a flaw of a test","affected":[{"package":{"ecosystem":"Debian:12","name":"tar"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.35"}]}],"database_specific":{"urgency":"high"}}]}"#
        + "\n"

    @Test(arguments: [false, true])
    func `an archive that an older Docker saved is scanned, and listed`(compressed: Bool) async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            let archive = try await OldDockerArchive.make(in: kiln.project, compressed: compressed)
            try kiln.write(Self.advisory, to: "one.jsonl")
            try await kiln.succeed("db", "import", "one.jsonl")
            let scan = try await kiln.run("scan", "archive:\(archive)", "--severity", "high")
            #expect(scan.code == 3 && scan.output.contains("CVE-2026-0001"), "\(scan.messages)\(scan.output)")
            // By its path alone, too.
            #expect(try await kiln.run("scan", archive.string).output.contains("CVE-2026-0001"))
            let bill = try await kiln.succeed("sbom", "archive:\(archive)")
            #expect(bill.output.contains("pkg:pypi/six@1.16.0") && bill.messages == "", "\(bill.messages)")
        }
    }
}
