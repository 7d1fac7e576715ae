import ArgumentParser
import KilnCommands
import KilnDefinition
import KilnDiagnostics
import KilnServer
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `The documentation` {
    static let pages = ["README.md", "docs/guide.md"]

    @Test(arguments: pages + ["docs/drift.md"])
    func `shows definitions that are valid`(page: String) throws {
        for block in try blocks(of: page, language: "yaml") {
            let source = SourceText(name: "\(page):\(block.line)", text: block.text)
            #expect(throws: Never.self) {
                try DefinitionReader.read(source, directory: Golden.project)
            }
        }
    }

    @Test(arguments: pages)
    func `shows commands that kiln understands`(page: String) throws {
        var count = 0
        for block in try blocks(of: page, language: "sh") {
            for line in block.text.split(separator: "\n") {
                for command in commands(in: String(line)) {
                    count += 1
                    #expect(throws: Never.self, "\(page):\(block.line): \(line)") {
                        try KilnCommand.parseAsRoot(command)
                    }
                }
            }
        }
        #expect(count > 3)
    }

    @Test func `has the schema and reference pages that the code gives`() throws {
        let reference = Golden.project.appending("docs/reference")
        try Golden.expect(DefinitionSchema.jsonSchema(), matches: reference.appending("kiln.schema.json"))
        try Golden.expect(DefinitionSchema.referencePage(), matches: reference.appending("definition.md"))
        try Golden.expect(CommandReference.page(), matches: reference.appending("commands.md"))
        try Golden.expect(APIReference.page(), matches: reference.appending("api.md"))
    }

    @Test(arguments: ["guestbook", "java-service", "node-service"])
    func `has examples that are valid`(name: String) throws {
        let file = Golden.project.appending("examples").appending(name).appending("kiln.yaml")
        let definition = try DefinitionReader.read(file: file)
        #expect(definition.fleets.count == 1)
    }

    /// The `kiln` commands of a shell line, without comments and what follows a pipe or redirection.
    private func commands(in line: String) -> [[String]] {
        let text = line.prefix { $0 != "#" && $0 != ">" }
        return text.split(separator: "&&").compactMap { part in
            let words = part.split(separator: " ").map(String.init)
            guard words.first == "kiln" else { return nil }
            return Array(words.dropFirst())
        }
    }

    /// Fenced blocks of a language, with the line they start at.
    private func blocks(of page: String, language: String) throws -> [(line: Int, text: String)] {
        let lines = try Files.readText(Golden.project.pushing(FilePath(page)))
            .split(separator: "\n", omittingEmptySubsequences: false)
        var blocks: [(Int, String)] = []
        var open: (line: Int, text: String)?
        for (number, line) in lines.enumerated() {
            if let block = open {
                if line == "```" {
                    blocks.append(block)
                    open = nil
                } else {
                    open = (block.line, block.text + line + "\n")
                }
            } else if line == "```\(language)" {
                open = (number + 2, "")
            }
        }
        return blocks
    }
}
