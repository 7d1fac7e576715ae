import ArgumentParser
import KilnDefinition

struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of kiln.yaml, for editors, or its reference page.",
        discussion: """
            Example:

              kiln schema > kiln.schema.json
            """
    )

    @Flag(help: "Print the reference page (Markdown) instead.")
    var reference = false

    func run() async throws {
        let text = reference ? DefinitionSchema.referencePage() : DefinitionSchema.jsonSchema()
        CommandContext.current.console.result(text.last == "\n" ? String(text.dropLast()) : text)
    }
}
