package import KilnDefinition
package import KilnFleet

extension BalancerTotals {
    /// Out of the answer to "show stat" (HAProxy management guide, 9.1); of all listeners together. nil when it has none.
    package init?(stat: String) {
        var rows = CSV.rows(stat)
        guard let header = rows.first, header.first == "# pxname" else { return nil }
        rows.removeFirst()
        let columns = Dictionary(zip(header, header.indices)) { first, _ in first }
        func cell(_ row: [String], _ name: String) -> String {
            columns[name].flatMap { $0 < row.count ? row[$0] : nil } ?? ""
        }
        func count(_ rows: [[String]], _ name: String) -> Int64 {
            rows.reduce(0) { $0 &+ (Int64(cell($1, name)) ?? 0) }
        }
        let fronts = rows.filter { cell($0, "svname") == "FRONTEND" }
        let backends = rows.filter {
            BalancerConfig.Backend.isName($0.first ?? "") && cell($0, "svname") == "BACKEND"
        }
        if fronts.isEmpty { return nil }
        self.init(
            answers: Dictionary(
                uniqueKeysWithValues: (1...5).map { ($0, count(fronts, "hrsp_\($0)xx")) }
                    + [(0, count(fronts, "hrsp_other"))]
            ),
            requests: count(fronts, "req_tot"),
            connectionErrors: count(backends, "econ"),
            responseErrors: count(backends, "eresp")
        )
    }
}

extension LocalPlatform {
    /// What the fleet's balancer counted; nil when the fleet has none, or it does not answer.
    package func balancerTotals(of fleet: FleetName) async -> BalancerTotals? {
        let paths = FleetPaths(home: home, fleet: fleet)
        guard let text = try? await LocalSocket.ask(paths.balancerSocket, "show stat") else { return nil }
        return BalancerTotals(stat: text)
    }
}
