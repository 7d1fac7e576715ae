import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `The threat model` {
    @Test func `names tests that there are`() throws {
        let lines = try Files.readText(Golden.project.pushing("docs/threat-model.md")).split(separator: "\n")
        let rows = lines.filter { $0.hasPrefix("| ") && !$0.hasPrefix("| what |") }
        #expect(rows.count > 10)
        let sources = try allSources(below: Golden.project.appending("Tests"))
        for row in rows {
            let cells = row.split(separator: "|")
            let names = (cells.last ?? "").split(separator: "`").filter { $0.contains(where: \.isLetter) }
            #expect(cells.count == 3 && !names.isEmpty, "\(row) names no test")
            for name in names {
                let isThere = sources.contains {
                    $0.contains("func `\(name)`") || $0.contains("struct `\(name)`")
                }
                #expect(isThere, "there is no test `\(name)`")
            }
        }
    }

    private func allSources(below folder: FilePath) throws -> [String] {
        try Files.list(folder).flatMap { name -> [String] in
            let path = folder.appending(name)
            if Files.facts(path)?.kind == .directory { return try allSources(below: path) }
            return name.hasSuffix(".swift") ? [try Files.readText(path)] : []
        }
    }
}
