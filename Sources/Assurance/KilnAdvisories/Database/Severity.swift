/// How bad a vulnerability is, from the least. The raw values are part of the database's format.
package enum Severity: UInt8, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    /// Nobody has said.
    case unknown = 0
    case negligible = 1
    case low = 2
    case medium = 3
    case high = 4
    case critical = 5

    package var description: String {
        switch self {
        case .unknown: "unknown"
        case .negligible: "negligible"
        case .low: "low"
        case .medium: "medium"
        case .high: "high"
        case .critical: "critical"
        }
    }

    /// Reads the words that advisories and definitions use, in any case; `moderate` and `important` are GitHub's and Red Hat's.
    package init?(parsing text: String) {
        switch text.lowercased() {
        case "unknown", "none": self = .unknown
        case "negligible", "unimportant": self = .negligible
        case "low": self = .low
        case "medium", "moderate": self = .medium
        case "high", "important": self = .high
        case "critical": self = .critical
        default: return nil
        }
    }

    /// The level of a CVSS 3 base score (CVSS 3.1 specification, section 5).
    package init(score: Double) {
        switch score {
        case ..<0.1: self = .unknown
        case ..<4: self = .low
        case ..<7: self = .medium
        case ..<9: self = .high
        default: self = .critical
        }
    }

    package static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
}
