import BenchmarkCommands

/// What the command line asks for.
struct Request {
    private(set) var cases: [Case] = []
    private var numbers: [String: Double] = [
        "--kills": 20, "--chaos": 500, "--seed": 1, "--idle": 60, "--churn": 10, "--mutations": 20,
        "--quiet": 60, "--port": 18_700,
    ]

    init(_ words: [String]) throws {
        var words = words[...]
        while let word = words.popFirst() {
            if numbers[word] != nil {
                guard let number = words.popFirst().flatMap({ Double($0) }), number >= 0 else {
                    throw CommandFailure(description: "\(word) takes a number")
                }
                numbers[word] = number
            } else if let chosen = Case.all.first(where: { $0.name == word }) {
                cases.append(chosen)
            } else {
                let known = Case.all.map(\.name).joined(separator: ", ")
                throw CommandFailure(description: "no case \"\(word)\"; there are: \(known)")
            }
        }
        if cases.isEmpty { cases = Case.all.filter { !$0.isLong } }
    }

    subscript(name: String) -> Double { numbers[name] ?? 0 }
    var seed: UInt64 { UInt64(self["--seed"]) }
}
