/// What the declaration of the keys says to others: a JSON Schema for editors, a reference page for people.
package enum DefinitionSchema {
    /// JSON Schema, draft 2020-12. It describes shapes and spellings; what spans objects is for the reader alone.
    package static func jsonSchema() -> String {
        JSONSchemaWriter.document(TopKeys.shape.facts).pretty() + "\n"
    }

    /// Every key with its default and meaning, in Markdown, below an example that has them all.
    package static func referencePage() -> String {
        ReferencePage.text()
    }

    /// A definition with every key, each explained; the reader takes it.
    package static func annotatedExample() -> String {
        AnnotatedExample.text()
    }
}
