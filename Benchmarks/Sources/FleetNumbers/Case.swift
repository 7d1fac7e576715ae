import BenchmarkCommands
import FleetHarness
import Glibc

/// One figure of fleets of real instances, with its goal.
struct Case: Sendable {
    struct Row: Sendable {
        let goal: String
        let seen: String
        var isMet: Bool
    }

    let name: String
    let work: String
    /// Left out unless it is named.
    var isLong = false
    let fleets: Int
    let instances: Int
    /// Of the home, before it is made.
    var prepare: @Sendable (inout TestHome) -> Void = { _ in }
    let measure: @Sendable (TestHome, Request) throws -> Row

    static let all = [
        death, rollback, reconcile, start, idle, driftCost, driftAnswer, driftQuiet, churn, chaos,
    ]

    func run(_ kiln: String, _ request: Request) throws -> Row {
        let folder = "/tmp/kiln-numbers-\(getpid())-\(name)"
        var home = TestHome(
            kiln: kiln,
            folder: folder,
            fleets: fleets,
            instances: instances,
            port: UInt16(request["--port"])
        )
        prepare(&home)
        do {
            try home.make()
            var row = try measure(home, request)
            let left = try home.remove()
            for what in left { complain("\(name): left behind: \(what)") }
            row.isMet = row.isMet && left.isEmpty
            return row
        } catch {
            _ = try? home.remove()
            throw error
        }
    }
}

func quantile(_ values: [Double], _ part: Double) -> Double {
    let sorted = values.sorted()
    guard let last = sorted.indices.last else { return 0 }
    return sorted[min(last, Int((Double(sorted.count) * part).rounded(.up)) - (part > 0 ? 1 : 0))]
}

func milliseconds(_ value: Double) -> String { "\(fixed(value * 1000, 0)) ms" }

/// Runs the body beside `kiln serve`.
func served<Result>(_ home: TestHome, _ body: (ServedHome) throws -> Result) throws -> Result {
    let served = try ServedHome(home)
    defer { served.end() }
    guard waitUntil(120, { home.isWhole }) != nil else {
        throw CommandFailure(description: "never well: \(served.said)")
    }
    return try body(served)
}
