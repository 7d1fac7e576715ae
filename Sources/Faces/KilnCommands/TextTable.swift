import KilnDiagnostics

/// Rows in aligned columns, as lists are shown.
struct TextTable {
    enum Alignment {
        case left
        case right
    }

    typealias Column = (heading: String, alignment: Alignment)

    private let headings: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    init(_ columns: Column...) {
        self.init(columns: columns)
    }

    init(columns: [Column]) {
        headings = columns.map(\.heading)
        alignments = columns.map(\.alignment)
    }

    mutating func add(_ cells: String...) {
        add(cells)
    }

    /// Cells may come from anywhere: each is one line, and text alone.
    mutating func add(_ cells: [String]) {
        rows.append(cells.map(ShownText.line))
    }

    var isEmpty: Bool { rows.isEmpty }

    /// Two spaces between columns, none at the end of a line.
    func render(color: Bool) -> String {
        let widths = headings.indices.map { column in
            ([headings] + rows).map { $0[column].count }.max() ?? 0
        }
        let head = line(headings, widths)
        return ([color ? "\u{1B}[1m\(head)\u{1B}[0m" : head] + rows.map { line($0, widths) }).joined(
            separator: "\n"
        )
    }

    /// The same as a table of Markdown, with headings in lower case.
    var markdown: String {
        let rules = alignments.map { $0 == .left ? "---" : "---:" }
        return ([headings.map { $0.lowercased() }, rules] + rows).map {
            "| " + $0.joined(separator: " | ") + " |"
        }
        .joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = cells.indices.map { column in
            let padding = String(repeating: " ", count: max(0, widths[column] - cells[column].count))
            return alignments[column] == .left ? cells[column] + padding : padding + cells[column]
        }
        var line = padded.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        return line
    }
}
