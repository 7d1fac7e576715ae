/// Scores of CVSS vectors, whichever version they are of.
package enum CVSS {
    /// nil for a vector that is of no version known here, or is none.
    package static func score(of vector: String) -> Double? {
        CVSS4.score(of: vector) ?? CVSS3.baseScore(of: vector)
    }

    package static func severity(of vector: String) -> Severity? {
        score(of: vector).map { Severity(score: $0) }
    }
}
