/// How much a finding weighs.
package enum LintSeverity: String, Sendable, CaseIterable, Comparable {
    case note
    case warning
    case error

    package static func < (left: LintSeverity, right: LintSeverity) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// One line of the table: what is looked for, why it matters, and what to do.
package struct LintRule: Sendable {
    package enum Profile: String, Sendable, CaseIterable {
        /// What breaks immutability outright.
        case core
        case all
    }

    package let id: String
    package let title: String
    /// Why it breaks immutability.
    package let why: String
    /// What to do instead.
    package let remedy: String
    package let severity: LintSeverity
    package let profile: Profile
    package let kinds: [FileKind]
    let check: @Sendable (LintDocument, inout FindingSink) -> Void

    /// Where the rule is explained, beside the documentation's other pages.
    package var page: String { "docs/lint.md#\(id.lowercased())" }

    init(
        _ id: String,
        _ title: String,
        why: String,
        remedy: String,
        _ severity: LintSeverity,
        _ profile: Profile,
        on kinds: [FileKind],
        check: @escaping @Sendable (LintDocument, inout FindingSink) -> Void
    ) {
        self.id = id
        self.title = title
        self.why = why
        self.remedy = remedy
        self.severity = severity
        self.profile = profile
        self.kinds = kinds
        self.check = check
    }
}

/// Where a rule puts what it finds.
struct FindingSink {
    let settings: LintSettings
    let project: ProjectFacts
    var findings: [LintFinding] = []
    var rule = ""

    mutating func report(_ range: Range<Int>, _ message: String, repair: Repair? = nil) {
        findings.append(LintFinding(rule: rule, range: range, message: message, repair: repair))
    }
}

/// A rule broken at a place.
package struct LintFinding: Sendable {
    package let rule: String
    package let range: Range<Int>
    package let message: String
    let repair: Repair?
    /// Why it does not count; nil when it does.
    package var suppression: String?
}

/// What `--fix` may do about a finding.
enum Repair: Sendable {
    /// Put a digest behind the image that stands in this range.
    case pin(image: String, at: Range<Int>)
    /// Make the root of a container read-only, in a pod that gets the scratch space it needs.
    case sealRoot(Container, pod: Node)
    /// The same of a service of Compose, which gives what its image declares as volumes of its own accord.
    case sealService(Container)
}

/// What is asked of the rules, beside the files.
package struct LintSettings: Sendable {
    package var profile = LintRule.Profile.core
    /// Registries, or repositories, that images may come from; empty: all.
    package var registries: [String] = []
    /// Only these rules; empty: all of the profile.
    package var only: Set<String> = []

    package init() {}
}

/// What one document says that matters for another.
struct ProjectFacts: Sendable {
    /// Names of claims that one node at a time can hold.
    var exclusiveClaims: Set<String> = []

    mutating func take(_ document: LintDocument) {
        guard document.kind == .kubernetes else { return }
        let kind = document.objectKind
        if kind == "PersistentVolumeClaim", let name = document.root.at("metadata", "name")?.text {
            let modes = document.root.at("spec", "accessModes")?.items.compactMap(\.text) ?? []
            let isExclusive = modes.allSatisfy { $0 == "ReadWriteOnce" || $0 == "ReadWriteOncePod" }
            if !modes.isEmpty, isExclusive { exclusiveClaims.insert(name) }
        }
    }
}
