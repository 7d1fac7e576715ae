import BenchmarkCommands

/// Ours beside the peers', run by turns so that a noisy machine is noisy for all.
struct Comparison {
    let title: String
    let rounds: Int
    let ours: Side
    var peers: [Side] = []

    /// One contender: what is timed, and what puts everything back before each round.
    struct Side {
        let name: String
        var prepare: BenchmarkCommand?
        let timed: BenchmarkCommand
    }

    /// One row for each peer, or one alone.
    func run() throws -> [Row] {
        var ours: [Cost] = []
        var theirs = peers.map { _ in [Cost]() }
        for _ in 0..<rounds {
            ours.append(try cost(of: self.ours))
            for (index, peer) in peers.enumerated() { theirs[index].append(try cost(of: peer)) }
        }
        let mine = Figures(ours)
        if peers.isEmpty { return [Row(title: title, ours: mine)] }
        return zip(peers, theirs).map { peer, costs in
            Row(title: title, ours: mine, peer: (peer.name, Figures(costs)))
        }
    }

    private func cost(of side: Side) throws -> Cost {
        try side.prepare?.run()
        return try side.timed.run()
    }
}

/// The medians of several rounds; of memory the maxima.
struct Figures {
    let wall: Double
    let cpu: Double
    let ownPeak: Double
    let largestPeak: Double

    init(_ costs: [Cost]) {
        wall = Self.median(costs.map(\.wall))
        cpu = Self.median(costs.map(\.cpu))
        ownPeak = costs.compactMap(\.ownPeak).max() ?? 0
        largestPeak = costs.map(\.largestPeak).max() ?? 0
    }

    private static func median(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
    }
}

/// A line of the table: `work | kiln: wall, CPU, peak of kiln (of its largest child) | peer: … | ratio of wall | of CPU`.
struct Row {
    static let head = """
        | work | kiln: wall s | CPU-s | MiB, kiln / largest child | peer | wall s | CPU-s | MiB | wall ratio | CPU ratio |
        |---|---|---|---|---|---|---|---|---|---|
        """

    private(set) var title: String
    let ours: Figures
    var peer: (name: String, figures: Figures)?

    var text: String {
        let mine = [
            title, fixed(ours.wall, 3), fixed(ours.cpu, 3),
            "\(fixed(ours.ownPeak, 0)) / \(fixed(ours.largestPeak, 0))",
        ]
        guard let (name, theirs) = peer else { return line(mine + Array(repeating: "-", count: 6)) }
        return line(
            mine + [
                name, fixed(theirs.wall, 3), fixed(theirs.cpu, 3), fixed(theirs.largestPeak, 0),
                fixed(ours.wall / theirs.wall, 3), fixed(ours.cpu / theirs.cpu, 3),
            ]
        )
    }

    /// The row with one more fact in its title.
    func adding(_ fact: String) -> Row {
        var row = self
        row.title += ": " + fact
        return row
    }

    private func line(_ cells: [String]) -> String {
        "| " + cells.joined(separator: " | ") + " |"
    }
}
