package import KilnDiagnostics
import KilnSystem
package import SystemPackage

/// Reads files of entries that let findings pass, as strictly as a definition.
package enum IgnoreFileReader {
    package static func read(file: FilePath) throws -> [IgnoreDefinition] {
        let text: String
        do {
            text = try Files.readText(file, limit: YAMLDocument.byteLimit)
        } catch let error as SystemError {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "ignore.unreadable",
                    "cannot read \(file)",
                    causes: [error.errno.description],
                    exitStatus: .usage
                )
            )
        }
        return try read(SourceText(name: file.string, text: text))
    }

    package static func read(_ source: SourceText) throws -> [IgnoreDefinition] {
        var reading = Reading(source)
        let root = YAMLDocument.read(&reading)
        let example = "ignore: [{id: CVE-2024-0001, reason: not reachable, expires: 2026-12-31}]"
        let entries = root.flatMap { node in
            IgnoreKeys.file.read(Passage(path: [], node: node, example: example), &reading)
        }
        guard reading.problems.isEmpty, let entries else { throw DiagnosticFailure(reading.diagnostics) }
        return entries
    }
}
