/// The base score of a CVSS 3.0 or 3.1 vector (specification, section 7.1).
package enum CVSS3 {
    private static let weights: [String: [String: Double]] = [
        "AV": ["N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2],
        "AC": ["L": 0.77, "H": 0.44],
        "UI": ["N": 0.85, "R": 0.62],
        "C": ["H": 0.56, "L": 0.22, "N": 0],
        "I": ["H": 0.56, "L": 0.22, "N": 0],
        "A": ["H": 0.56, "L": 0.22, "N": 0],
    ]

    /// nil for other versions and for vectors that lack a base metric.
    package static func baseScore(of vector: String) -> Double? {
        guard vector.hasPrefix("CVSS:3.0/") || vector.hasPrefix("CVSS:3.1/") else { return nil }
        var metrics: [String: String] = [:]
        for part in vector.split(separator: "/").dropFirst() {
            let pair = part.split(separator: ":", maxSplits: 1)
            guard pair.count == 2 else { return nil }
            metrics[String(pair[0])] = String(pair[1])
        }
        func weight(_ name: String) -> Double? { metrics[name].flatMap { weights[name]?[$0] } }
        guard let scope = metrics["S"], scope == "U" || scope == "C", let privileges = metrics["PR"],
            let required = privilege(privileges, isChanged: scope == "C"),
            let vectorWeight = weight("AV"), let complexity = weight("AC"), let interaction = weight("UI"),
            let confidentiality = weight("C"), let integrity = weight("I"), let availability = weight("A")
        else { return nil }
        let base = 1 - (1 - confidentiality) * (1 - integrity) * (1 - availability)
        let exploitability = 8.22 * vectorWeight * complexity * required * interaction
        if scope == "U" {
            let impact = 6.42 * base
            return impact <= 0 ? 0 : roundedUp(min(impact + exploitability, 10))
        }
        let impact = 7.52 * (base - 0.029) - 3.25 * power(base - 0.02, 15)
        return impact <= 0 ? 0 : roundedUp(min(1.08 * (impact + exploitability), 10))
    }

    private static func privilege(_ value: String, isChanged: Bool) -> Double? {
        switch value {
        case "N": 0.85
        case "L": isChanged ? 0.68 : 0.62
        case "H": isChanged ? 0.5 : 0.27
        default: nil
        }
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1) { product, _ in product * base }
    }

    /// Up to one decimal, as appendix A does it, so that binary fractions do not tip it over.
    private static func roundedUp(_ score: Double) -> Double {
        let whole = Int((score * 100_000).rounded())
        return whole % 10_000 == 0 ? Double(whole) / 100_000 : Double(whole / 10_000 + 1) / 10
    }
}
