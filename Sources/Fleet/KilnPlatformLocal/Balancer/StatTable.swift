/// The table of "show stat". Columns are found by their names, since versions add some.
///
/// It is read every second and has a hundred columns, of which few matter: only what is asked for becomes text.
struct StatTable {
    private let cells: CSVCells
    private let columns: [String: Int]

    /// nil when it is none.
    init?(_ stat: String) {
        cells = CSVCells(stat)
        guard let header = cells.rows.first, header.first.map(cells.text) == "# pxname" else { return nil }
        columns = Dictionary(zip(header.map(cells.text), header.indices)) { first, _ in first }
    }

    /// Each server of the fleet, with what stands in its columns; empty where a column is not there.
    static func servers(_ stat: String) -> [(id: ServerID, cell: (String) -> String)] {
        guard let table = StatTable(stat) else { return [] }
        return table.cells.rows.dropFirst().compactMap { row in
            let cell = { name in table.text(row, name) }
            guard let backend = row.first.map(table.cells.text), BalancerConfig.Backend.isName(backend) else {
                return nil
            }
            let name = cell("svname")
            return name == "BACKEND" ? nil : (ServerID(name, in: backend), cell)
        }
    }

    /// Connections of clients that a worker has, with those that wait for the next request.
    static func clients(_ stat: String) -> Int {
        guard let table = StatTable(stat) else { return 0 }
        return table.cells.rows.dropFirst().filter { table.text($0, "svname") == "FRONTEND" }
            .reduce(0) { $0 + (Int(table.text($1, "scur")) ?? 0) }
    }

    private func text(_ row: [Range<Int>], _ name: String) -> String {
        columns[name].flatMap { $0 < row.count ? cells.text(row[$0]) : nil } ?? ""
    }
}
