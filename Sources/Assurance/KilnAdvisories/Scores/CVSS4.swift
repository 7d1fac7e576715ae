/// The score of a CVSS 4.0 vector (specification, sections 7 and 8): its threat and environmental metrics count where they are given.
package enum CVSS4 {
    /// nil for other versions, and for vectors that lack a base metric or have a value that there is not.
    package static func score(of vector: String) -> Double? {
        guard let metrics = metrics(of: vector) else { return nil }
        return Vector(metrics: metrics).score
    }

    /// The values of every metric that scores, the mildest last; a metric's place in its list is its distance from the worst.
    private static let values: [String: [Character]] = [
        "AV": ["N", "A", "L", "P"], "AC": ["L", "H"], "AT": ["N", "P"], "PR": ["N", "L", "H"],
        "UI": ["N", "P", "A"], "VC": ["H", "L", "N"], "VI": ["H", "L", "N"], "VA": ["H", "L", "N"],
        "SC": ["S", "H", "L", "N"], "SI": ["S", "H", "L", "N"], "SA": ["S", "H", "L", "N"],
        "CR": ["H", "M", "L"], "IR": ["H", "M", "L"], "AR": ["H", "M", "L"], "E": ["A", "P", "U"],
    ]

    private static let required = ["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"]

    private static func metrics(of vector: String) -> [String: Character]? {
        guard vector.hasPrefix("CVSS:4.0/") else { return nil }
        var given: [String: String] = [:]
        for part in vector.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let pair = part.split(separator: ":", omittingEmptySubsequences: false)
            guard pair.count == 2, given.updateValue(String(pair[1]), forKey: String(pair[0])) == nil else {
                return nil
            }
        }
        var metrics: [String: Character] = [:]
        for name in required {
            // Only what was modified for an environment can be a matter of safety.
            guard let own = given[name], own.count == 1, let value = own.first,
                values[name]?.contains(value) == true, value != "S"
            else { return nil }
            let modified = given["M" + name] ?? "X"
            guard modified.count == 1, let other = modified.first,
                other == "X" || (values[name]?.contains(other) == true && (other != "S" || name != "SC"))
            else { return nil }
            metrics[name] = other == "X" ? value : other
        }
        for (name, worst) in [("CR", "H"), ("IR", "H"), ("AR", "H"), ("E", "A")] {
            let text = given[name] == "X" ? worst : given[name] ?? worst
            guard text.count == 1, let value = text.first, values[name]?.contains(value) == true else {
                return nil
            }
            metrics[name] = value
        }
        return metrics
    }

    /// How many steps a value is from the worst of its metric.
    fileprivate static func level(_ name: String, _ value: Character) -> Int {
        values[name]?.firstIndex(of: value) ?? 0
    }
}

/// A vector whose metrics are whole.
private struct Vector {
    let metrics: [String: Character]

    private func has(_ name: String, _ value: Character) -> Bool { metrics[name] == value }

    /// Its equivalence classes: 1, 2, 3, 4, 5 and 6, as the specification numbers them (tables 24 to 29).
    private var classes: [Int] {
        let easy = [has("AV", "N"), has("PR", "N"), has("UI", "N")]
        let first = easy.allSatisfy { $0 } ? 0 : easy.contains(true) && !has("AV", "P") ? 1 : 2
        let second = has("AC", "L") && has("AT", "N") ? 0 : 1
        let (confidentiality, integrity, availability) = (has("VC", "H"), has("VI", "H"), has("VA", "H"))
        let third =
            confidentiality && integrity ? 0 : confidentiality || integrity || availability ? 1 : 2
        let fourth =
            has("SI", "S") || has("SA", "S")
            ? 0 : has("SC", "H") || has("SI", "H") || has("SA", "H") ? 1 : 2
        let fifth = CVSS4.level("E", metrics["E"] ?? "A")
        let needed =
            (has("CR", "H") && confidentiality) || (has("IR", "H") && integrity)
            || (has("AR", "H") && availability)
        return [first, second, third, fourth, fifth, needed ? 0 : 1]
    }

    var score: Double {
        guard ["VC", "VI", "VA", "SC", "SI", "SA"].contains(where: { !has($0, "N") }) else { return 0 }
        let classes = classes
        guard let top = MacroVectors.score(classes) else { return 0 }
        // Of each group: how far from its worst, how far that group goes, and the score of the next milder one.
        let groups: [(distance: Int, depth: Int, next: Int?)] = [
            (distance(MacroVectors.first[classes[0]]), [1, 4, 5][classes[0]], next(classes, 0)),
            (distance(MacroVectors.second[classes[1]]), [1, 2][classes[1]], next(classes, 1)),
            (
                distance(MacroVectors.impact(classes[2], classes[5])),
                MacroVectors.impactDepth(classes[2], classes[5]), nextImpact(classes)
            ),
            (distance(MacroVectors.fourth[classes[3]]), [6, 5, 4][classes[3]], next(classes, 3)),
            (0, 1, next(classes, 4)),
        ]
        let lower = groups.compactMap { group in
            group.next.map { Double(top - $0) * Double(group.distance) / Double(group.depth) }
        }
        let mean = lower.isEmpty ? 0 : lower.reduce(0, +) / Double(lower.count)
        let tenths = min(max(Double(top) - mean, 0), 100)
        return (tenths + 1e-6).rounded() / 10
    }

    private func next(_ classes: [Int], _ place: Int) -> Int? {
        var milder = classes
        milder[place] += 1
        return MacroVectors.score(milder)
    }

    /// Classes 3 and 6 go together: the milder neighbour, of two the worse one.
    private func nextImpact(_ classes: [Int]) -> Int? {
        switch (classes[2], classes[5]) {
        case (0, 0): max(next(classes, 5) ?? 0, next(classes, 2) ?? 0)
        case (1, 0): next(classes, 5)
        case (_, 1): next(classes, 2)
        default: nil
        }
    }

    /// Steps from the first of the worst vectors that is worse in nothing but what this one is milder in.
    private func distance(_ worst: [String]) -> Int {
        for text in worst {
            var sum = 0
            var isWithin = true
            for part in text.split(separator: "/") {
                let pair = part.split(separator: ":")
                guard let value = pair[1].first else { continue }
                let name = String(pair[0])
                let steps = CVSS4.level(name, metrics[name] ?? value) - CVSS4.level(name, value)
                isWithin = isWithin && steps >= 0
                sum += steps
            }
            if isWithin { return sum }
        }
        return 0
    }
}

/// The specification's table of macro vectors.
private enum MacroVectors {
    static let first = [
        ["AV:N/PR:N/UI:N"], ["AV:A/PR:N/UI:N", "AV:N/PR:L/UI:N", "AV:N/PR:N/UI:P"],
        ["AV:P/PR:N/UI:N", "AV:A/PR:L/UI:P"],
    ]
    static let second = [["AC:L/AT:N"], ["AC:H/AT:N", "AC:L/AT:P"]]
    static let fourth = [["SC:H/SI:S/SA:S"], ["SC:H/SI:H/SA:H"], ["SC:L/SI:L/SA:L"]]

    static func impact(_ third: Int, _ sixth: Int) -> [String] {
        switch (third, sixth) {
        case (0, 0): ["VC:H/VI:H/VA:H/CR:H/IR:H/AR:H"]
        case (0, _): ["VC:H/VI:H/VA:L/CR:M/IR:M/AR:H", "VC:H/VI:H/VA:H/CR:M/IR:M/AR:M"]
        case (1, 0): ["VC:L/VI:H/VA:H/CR:H/IR:H/AR:H", "VC:H/VI:L/VA:H/CR:H/IR:H/AR:H"]
        case (1, _):
            [
                "VC:L/VI:H/VA:L/CR:H/IR:M/AR:H", "VC:L/VI:H/VA:H/CR:H/IR:M/AR:M",
                "VC:H/VI:L/VA:H/CR:M/IR:H/AR:M", "VC:H/VI:L/VA:L/CR:M/IR:H/AR:H",
                "VC:L/VI:L/VA:H/CR:H/IR:H/AR:M",
            ]
        default: ["VC:L/VI:L/VA:L/CR:H/IR:H/AR:H"]
        }
    }

    static func impactDepth(_ third: Int, _ sixth: Int) -> Int {
        switch (third, sixth) {
        case (0, 0): 7
        case (0, _): 6
        case (1, _): 8
        default: 10
        }
    }

    /// In tenths; nil where there is no such macro vector.
    static func score(_ classes: [Int]) -> Int? {
        let pairs = [[0, 0], [0, 1], [1, 0], [1, 1], [2, 1]]
        guard classes[0] < 3, classes[1] < 2, classes[3] < 3, classes[4] < 3,
            let pair = pairs.firstIndex(of: [classes[2], classes[5]])
        else { return nil }
        return scores[((classes[0] * 2 + classes[1]) * 5 + pair) * 9 + classes[3] * 3 + classes[4]]
    }

    /// By class 1, class 2, the pair of classes 3 and 6, class 4, class 5.
    private static let scores: [Int] = [
        100, 98, 95, 100, 93, 91, 93, 89, 81, 99, 95, 92, 96, 87, 81, 90, 80, 68, 98, 95, 90, 93, 89,
        81, 88, 78, 69, 95, 92, 84, 92, 81, 65, 80, 70, 48, 92, 82, 72, 79, 69, 50, 69, 55, 27,
        99, 95, 92, 95, 90, 84, 92, 82, 72, 97, 92, 85, 91, 83, 71, 81, 71, 53, 95, 92, 85, 92, 80,
        70, 84, 71, 50, 93, 85, 73, 82, 72, 59, 70, 52, 30, 86, 75, 52, 71, 52, 29, 63, 29, 17,
        98, 94, 91, 94, 86, 77, 87, 74, 63, 95, 87, 81, 89, 74, 64, 75, 63, 49, 94, 88, 76, 86, 74,
        59, 72, 57, 52, 89, 77, 67, 76, 58, 50, 57, 52, 25, 83, 70, 54, 65, 58, 26, 53, 21, 13,
        95, 88, 76, 90, 75, 61, 77, 68, 52, 90, 76, 70, 77, 62, 53, 66, 59, 30, 89, 76, 62, 74, 57,
        47, 61, 57, 24, 78, 67, 58, 59, 57, 23, 52, 29, 16, 71, 59, 30, 58, 26, 15, 23, 13, 6,
        93, 86, 75, 86, 74, 56, 70, 52, 40, 87, 72, 58, 74, 61, 34, 54, 40, 22, 85, 74, 62, 72, 55,
        46, 53, 34, 19, 75, 55, 51, 57, 41, 19, 36, 19, 8, 64, 51, 20, 47, 21, 11, 24, 9, 4,
        88, 73, 60, 73, 59, 41, 54, 45, 20, 75, 53, 50, 55, 40, 20, 43, 22, 11, 75, 58, 40, 61, 48,
        20, 46, 17, 8, 55, 45, 21, 51, 18, 9, 18, 7, 2, 53, 24, 14, 24, 12, 5, 10, 3, 1,
    ]
}
