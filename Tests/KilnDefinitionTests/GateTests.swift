import KilnDefinition
import KilnDiagnostics
import SystemPackage
import Testing

@Suite struct `Gates in definitions` {
    private func image(_ gate: String, child: String = "") throws -> ImageDefinition {
        let text = """
            kiln: 1
            images:
              base:
                from: scratch
                gate: \(gate)
              app:
                from: image:base
            \(child)
            """
        let source = SourceText(name: "kiln.yaml", text: text)
        let definition = try DefinitionReader.read(source, directory: ".")
        return definition.resolvedImage(try ImageName(parsing: "app"))
    }

    private func codes(_ gate: String) -> [String] {
        do {
            _ = try image(gate)
            return []
        } catch {
            return error.asDiagnostics.map(\.code)
        }
    }

    @Test func `have defaults that refuse what is always wrong`() throws {
        let gate = try #require(try image("{}").gate)
        #expect(gate.severity == nil && gate.unfixed == .refuse && gate.exploited == .refuse)
        #expect(gate.secrets == .refuse && gate.unsupported == .refuse && gate.needsDatabase)
        #expect(gate.unread == .refuse && gate.unjudged == .refuse)
    }

    @Test func `are taken from the image below, unless one has its own`() throws {
        #expect(try image("{severity: high, unfixed: ignore}").gate?.severity == .high)
        let own = try image("{severity: high}", child: "    gate: {secrets: ignore}")
        #expect(own.gate?.severity == nil && own.gate?.secrets == .ignore)
    }

    @Test func `hold every rule`() throws {
        let gate = try #require(
            try image(
                """
                {severity: low, exploited: ignore, unsupported: ignore, unread: ignore, unjudged: ignore, secrets: ignore, verified: true, checks: refuse, \
                base_age: 90d, database_age: 7d, licences: {deny: [AGPL-*], unknown: refuse}, \
                ignore: [{id: CVE-2024-0001, package: a, reason: not reachable, expires: 2026-12-31}]}
                """
            ).gate
        )
        #expect(gate.baseAge == 90 && gate.databaseAge == 7 && gate.verified && gate.checks == .refuse)
        #expect(gate.unread == .ignore && gate.unjudged == .ignore)
        #expect(gate.licences.denied == ["AGPL-*"] && gate.licences.unknown == .refuse)
        #expect(gate.ignored.map(\.id) == ["CVE-2024-0001"] && gate.ignored.first?.expires == "2026-12-31")
    }

    @Test(arguments: [
        ("{severity: terrible}", "definition.bad-choice"), ("{severty: high}", "definition.unknown-key"),
        ("{base_age: 90}", "definition.bad-days"), ("{base_age: 0d}", "definition.bad-days"),
        ("{ignore: [{id: CVE-1, expires: 2026-12-31}]}", "definition.missing-key"),
        ("{ignore: [{id: CVE-1, reason: x}]}", "definition.missing-key"),
        ("{ignore: [{id: CVE-1, reason: x, expires: 2026-02-30}]}", "definition.bad-day"),
        ("{ignore: [{id: CVE-1, reason: x, expires: never}]}", "definition.bad-day"),
        ("{secrets: maybe}", "definition.bad-choice"),
    ])
    func `are refused where they say nothing that there is`(_ gate: String, _ code: String) {
        #expect(codes(gate) == [code])
    }

    @Test func `have entries in files of their own, read as strictly`() throws {
        let text = "ignore:\n  - {id: CVE-2024-0001, reason: not reachable, expires: 2026-12-31}\n"
        let entries = try IgnoreFileReader.read(SourceText(name: "accepted.yaml", text: text))
        #expect(entries.map(\.reason) == ["not reachable"])
        for bad in ["", "ignore: [{id: CVE-1}]", "ignored: []", "ignore: 3", "- a"] {
            #expect(throws: DiagnosticFailure.self, "\(bad)") {
                try IgnoreFileReader.read(SourceText(name: "accepted.yaml", text: bad))
            }
        }
    }
}
