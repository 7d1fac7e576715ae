/// What is known of a package and an advisory beyond its versions. The raw values are part of the database's format.
package enum AdvisoryStatus: UInt8, Sendable, CaseIterable {
    /// Affected, and no fix is known or decided on.
    case affected = 0
    case fixed = 1
    /// A fix will come with something else, or is not thought worth one of its own.
    case fixDeferred = 2
    case endOfLife = 3

    /// The words of Trivy's reports, which others read.
    package var word: String {
        switch self {
        case .affected: "affected"
        case .fixed: "fixed"
        case .fixDeferred: "fix_deferred"
        case .endOfLife: "end_of_life"
        }
    }
}

/// How urgent Debian's security team finds it. The raw values are part of the database's format.
package enum DebianUrgency: UInt8, Sendable, CaseIterable {
    /// Not told, or not Debian.
    case none = 0
    case unimportant = 1
    case low = 2
    case medium = 3
    case high = 4
    case notYetAssigned = 5
    case endOfLife = 6

    /// The tracker marks urgencies that it took over with stars.
    package init(parsing text: String) {
        switch text.prefix(while: { $0 != "*" }) {
        case "unimportant": self = .unimportant
        case "low": self = .low
        case "medium": self = .medium
        case "high": self = .high
        case "not yet assigned": self = .notYetAssigned
        case "end-of-life": self = .endOfLife
        default: self = .none
        }
    }
}

/// An advisory as an importer read it.
package struct Advisory: Sendable, Hashable {
    package struct Affected: Sendable, Hashable {
        package var ecosystem: Ecosystem
        package var package: String
        package var intervals: [VersionInterval]
        package var status: AdvisoryStatus
        package var urgency: DebianUrgency
        /// Its source's own word for the status, such as `no-dsa` or `postponed`.
        package var reason: String?

        package init(
            _ ecosystem: Ecosystem,
            _ package: String,
            _ intervals: [VersionInterval],
            status: AdvisoryStatus = .affected,
            urgency: DebianUrgency = .none,
            reason: String? = nil
        ) {
            self.ecosystem = ecosystem
            self.package = package
            self.intervals = intervals
            self.status = status
            self.urgency = urgency
            self.reason = reason
        }
    }

    package var id: String
    /// Other names of the same vulnerability; the first CVE among these and the id is the one that findings are known by.
    package var aliases: [String] = []
    package var summary = ""
    package var severity: Severity = .unknown
    /// The CVSS vector as told.
    package var vector: String?
    package var published: Moment?
    package var modified: Moment?
    package var references: [String] = []
    package var affected: [Affected] = []

    package init(id: String) {
        self.id = id
    }
}

/// What the database keeps of one advisory's texts, so that no record can make it grow without bound.
enum AdvisoryLimits {
    static let summary = 300
    static let references = 8
    static let reference = 400
    static let aliases = 64
    static let identifier = 200
    static let intervals = 20_000

    /// The beginning of a text in whole characters of at most so many bytes, on one line.
    static func cut(_ text: String, _ limit: Int) -> String {
        var result = ""
        var size = 0
        for character in text {
            let shown: Character = character.isNewline || character == "\t" ? " " : character
            size += shown.utf8.count
            if size > limit { break }
            result.append(shown)
        }
        return result
    }
}
