/// The table of "show stat". Columns are found by their names, since versions add some.
enum StatTable {
    /// Each server of the fleet, with what stands in its columns; empty where a column is not there.
    static func servers(_ stat: String) -> [(id: ServerID, cell: (String) -> String)] {
        let lines = CSV.rows(stat)
        guard let header = lines.first, header.first == "# pxname" else { return [] }
        let columns = Dictionary(zip(header, header.indices)) { first, _ in first }
        return lines.dropFirst().compactMap { line in
            func cell(_ name: String) -> String {
                columns[name].flatMap { $0 < line.count ? line[$0] : nil } ?? ""
            }
            guard let backend = line.first, BalancerConfig.Backend.isName(backend),
                cell("svname") != "BACKEND"
            else { return nil }
            return (ServerID(cell("svname"), in: backend), cell)
        }
    }
}
