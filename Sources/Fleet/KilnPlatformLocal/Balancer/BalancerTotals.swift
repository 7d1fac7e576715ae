package import KilnDefinition
package import KilnFleet

extension BalancerTotals {
    /// Out of the answer to "show stat" (HAProxy management guide, 9.1); nil when it has no frontend.
    package init?(stat: String) {
        var rows = CSV.rows(stat)
        guard let header = rows.first, header.first == "# pxname" else { return nil }
        rows.removeFirst()
        let columns = Dictionary(zip(header, header.indices)) { first, _ in first }
        func cell(_ row: [String], _ name: String) -> String {
            columns[name].flatMap { $0 < row.count ? row[$0] : nil } ?? ""
        }
        func count(_ row: [String]?, _ name: String) -> Int64 { row.flatMap { Int64(cell($0, name)) } ?? 0 }
        guard let frontend = rows.first(where: { cell($0, "svname") == "FRONTEND" }) else { return nil }
        let backend = rows.first {
            $0.first == BalancerConfig.backend && cell($0, "svname") == "BACKEND"
        }
        self.init(
            answers: Dictionary(
                uniqueKeysWithValues: (1...5).map { ($0, count(frontend, "hrsp_\($0)xx")) }
                    + [(0, count(frontend, "hrsp_other"))]
            ),
            requests: count(frontend, "req_tot"),
            connectionErrors: count(backend, "econ"),
            responseErrors: count(backend, "eresp")
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
