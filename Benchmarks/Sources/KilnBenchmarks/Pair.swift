/// Ours beside the peer's, run by turns so that a noisy machine is noisy for both.
struct Pair {
    let title: String
    let rounds: Int
    let ours: Side
    let peer: Side?

    /// One contender: what is timed, and what puts everything back before each round.
    struct Side {
        let name: String
        let prepare: BenchmarkCommand?
        let timed: BenchmarkCommand
    }

    struct Result {
        let title: String
        let ours: [Cost]
        let peer: [Cost]
        let peerName: String
    }

    func run() throws -> Result {
        var ours: [Cost] = []
        var peers: [Cost] = []
        for _ in 0..<rounds {
            ours.append(try cost(of: self.ours))
            if let peer { peers.append(try cost(of: peer)) }
        }
        return Result(title: title, ours: ours, peer: peers, peerName: peer?.name ?? "-")
    }

    private func cost(of side: Side) throws -> Cost {
        try side.prepare?.run()
        return try side.timed.run()
    }
}

extension Pair.Result {
    /// `title | ours wall (cpu) | peer wall (cpu) | ratio of wall times`, medians.
    var row: String {
        let ours = Self.median(ours)
        guard !peer.isEmpty else { return "| \(title) | \(Self.text(ours)) | - | - |" }
        let theirs = Self.median(peer)
        let ratio = Self.fixed(ours.wall / theirs.wall, 3)
        return "| \(title) | \(Self.text(ours)) | \(peerName): \(Self.text(theirs)) | \(ratio) |"
    }

    private static func median(_ costs: [Cost]) -> Cost {
        let walls = costs.map(\.wall).sorted()
        let times = costs.map(\.cpu).sorted()
        return Cost(wall: walls[walls.count / 2], cpu: times[times.count / 2])
    }

    private static func text(_ cost: Cost) -> String {
        "\(fixed(cost.wall, 3)) s (\(fixed(cost.cpu, 3)) CPU-s)"
    }

    private static func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((value * scale).rounded())
        let fraction = String(whole % Int(scale))
        return "\(whole / Int(scale)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }
}
