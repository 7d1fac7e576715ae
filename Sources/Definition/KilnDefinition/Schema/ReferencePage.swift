/// The reference of the definition in Markdown.
enum ReferencePage {
    static func text() -> String {
        ([head, "## An example with every key\n\n```yaml\n\(AnnotatedExample.text())```\n"]
            + ReferenceSection.all.map(section) + [values]).joined(separator: "\n")
    }

    private static let head = """
        # The definition: kiln.yaml

        One YAML file says what images and fleets there are. It is read strictly: a key that is not on this page is an
        error, as is a key given twice, an anchor, an alias or a tag. Paths of files are relative to the file's folder
        and stay inside it. This page is generated from the declaration that reads the file.

        """

    private static func section(_ section: ReferenceSection) -> String {
        let rows = section.shape.fields.map(row)
        let rules = section.shape.rules.map { "\n" + rule($0) + "\n" }.joined()
        return """
            ## `\(section.title)`

            \(section.shape.help)
            \(rules)
            | key | value | default | meaning |
            |---|---|---|---|
            \(rows.joined(separator: "\n"))

            """
    }

    private static func row(_ field: FieldFacts) -> String {
        let standard =
            field.isRequired ? "**required**" : field.standard.map { "`\($0.plain)`" } ?? "none"
        let example = field.syntax.layout.isNested ? "" : " Example: `\(field.line)`"
        return cells("`\(field.name)`", field.syntax.name, standard, field.help + example)
    }

    private static func cells(_ cells: String...) -> String {
        "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }

    private static func rule(_ rule: ShapeRule) -> String {
        switch rule {
        case .exactlyOne(let names): "Exactly one of " + names.map { "`\($0)`" }.joined(separator: ", ") + "."
        case .excludes(let name, let others):
            "`\(name)` goes without " + others.map { "`\($0)`" }.joined(separator: ", ") + "."
        case .needs(let name, let other): "`\(name)` goes with `\(other)` only."
        case .suits(let name, let other, let prefix): "`\(name)` goes with `\(other): \(prefix)…` only."
        }
    }

    private static let values = """
        ## How values are written

        | value | written as |
        |---|---|
        | name | \(NameText.rule) |
        | duration | a whole number and a unit: `500ms`, `10s`, `5m`, `1h` |
        | size | bytes, or a whole number with `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024) or `kB`, `MB`, `GB`, `TB` (powers of 1000) |
        | number or share | a number of instances (`1`), or a share of those wanted (`25%`) |
        | mode | octal digits in quotes: `"0644"`. Without quotes YAML's versions disagree on what 0644 is |
        | path in the image | absolute, without `.`, `..`, `//` or `/` at the end |
        | source | relative to the definition's folder, never outside it |
        | address | an IPv4 address, or an IPv6 address in brackets, and a port: `127.0.0.1:8080`, `"[::1]:8080"` |
        | version, value, argument | text as written: `1.10` stays `1.10`, `no` stays `no` |

        """
}

extension SyntaxFacts.Layout {
    /// Whether the value is an object with a section of its own, or holds such.
    var isNested: Bool {
        switch self {
        case .scalar: false
        case .object: true
        case .list(let item): item.layout.isNested
        case .map(_, _, let value): value.layout.isNested
        }
    }
}
