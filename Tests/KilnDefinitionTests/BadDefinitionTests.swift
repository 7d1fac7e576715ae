import KilnDefinition
import KilnDiagnostics
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// What is told about a text: the rendered errors, or nothing when there are none.
func rendered(_ text: String) -> String? {
    do {
        _ = try DefinitionReader.read(SourceText(name: "kiln.yaml", text: text), directory: "/nowhere")
        return nil
    } catch {
        return DiagnosticRenderer().render(error.asDiagnostics)
    }
}

/// The names of the files of a golden folder that end so, without the ending.
func goldenNames(_ folder: String, _ suffix: String) -> [String] {
    let names = (try? Files.list(Golden.directory().appending(folder))) ?? []
    return names.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
}

@Suite struct `Bad definitions` {
    static let folder = Golden.directory().appending("bad")
    static let names = goldenNames("bad", ".yaml")

    @Test(arguments: names)
    func `an error says what, where and what to do`(name: String) throws {
        let text = try Files.readText(Self.folder.appending(name + ".yaml"))
        let told = try #require(rendered(text), "\(name) is read without an error")
        try Golden.expect(told + "\n", matches: Self.folder.appending(name + ".txt"))
    }

    @Test(arguments: names)
    func `every error is a usage error with a stable code, and lies in the file`(name: String) throws {
        let text = try Files.readText(Self.folder.appending(name + ".yaml"))
        let error = #expect(throws: DiagnosticFailure.self) {
            try DefinitionReader.read(SourceText(name: "kiln.yaml", text: text), directory: ".")
        }
        for diagnostic in error?.diagnostics ?? [] {
            #expect(diagnostic.exitStatus == .usage)
            #expect(diagnostic.code.wholeMatch(of: /definition\.[a-z-]+/) != nil)
            if diagnostic.code != "definition.more" { try expectInside(diagnostic) }
        }
    }

    @Test func `there are enough of them`() {
        #expect(Self.names.count >= 45)
    }
}

/// A span's line and columns exist in its source.
func expectInside(_ diagnostic: Diagnostic, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let span = try #require(diagnostic.span, "\(diagnostic.code) has no span", sourceLocation: sourceLocation)
    let line = try #require(span.source.line(span.line), "line \(span.line)", sourceLocation: sourceLocation)
    let end = span.column + span.length - 1
    #expect(span.column >= 1 && end <= max(line.count, span.column), sourceLocation: sourceLocation)
    #expect(span.column <= line.count + 1, sourceLocation: sourceLocation)
}
