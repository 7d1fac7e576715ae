/// Rows in aligned columns, as lists are shown.
struct TextTable {
    enum Alignment {
        case left
        case right
    }

    private let headings: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    init(_ columns: (heading: String, alignment: Alignment)...) {
        headings = columns.map(\.heading)
        alignments = columns.map(\.alignment)
    }

    mutating func add(_ cells: String...) {
        rows.append(cells)
    }

    mutating func add(_ cells: [String]) {
        rows.append(cells)
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
