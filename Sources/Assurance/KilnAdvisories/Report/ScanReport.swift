package import KilnOCI

/// What a scan found, as values; renderers turn it into text. The same image, database and judgement give the same text, byte for byte.
package struct ScanReport: Sendable, Hashable {
    /// The image by name or path, as the user said it.
    package var subject: String
    /// nil for what has no digest, such as a directory.
    package var imageDigest: Digest?
    package var databaseDigest: Digest
    package var databaseDate: Moment
    /// Packages that were looked at.
    package var packages: Int
    /// Pairs of a package and a vulnerability that were judged as mended.
    package var mended: Int
    package var judgement: Judgement
    package var unjudged: [UnjudgedPackage]
    /// The day on which the distribution's support ended, if it has.
    package var endOfLife: CalendarDate?
    /// What nobody mends any more although the distribution is cared for.
    package var unsupported: [UnsupportedPackage]
    package var secrets: [SecretNote] = []
    /// Where packages came in, of those that have findings.
    package var origins: [InventoryPackage: PackageOrigin] = [:]

    package init(
        subject: String,
        imageDigest: Digest?,
        database: AdvisoryDatabase,
        packages: Int,
        result: MatchResult,
        judgement: Judgement
    ) {
        self.subject = subject
        self.imageDigest = imageDigest
        databaseDigest = database.digest
        databaseDate = database.date
        self.packages = packages
        mended = result.mended
        self.judgement = judgement
        unjudged = result.unjudged
        unsupported = result.unsupported
    }

    /// How many findings count, by severity, the worst first.
    package var counts: [(severity: Severity, count: Int)] {
        Severity.allCases.reversed().map { severity in
            (severity, judgement.findings.count { $0.severity == severity })
        }
    }

    /// `2 critical, 5 high` or `no vulnerabilities`.
    package var summary: String {
        let parts = counts.filter { $0.count > 0 }.map { "\($0.count) \($0.severity)" }
        return parts.isEmpty ? "no vulnerabilities" : parts.joined(separator: ", ")
    }
}

extension Finding {
    /// `fixed in 1.2`, or the status in words.
    var remedy: String {
        if let fixed { return "fixed in \(fixed)" }
        let words = status.word.split(separator: "_").joined(separator: " ")
        return reason.map { "\(words) (\($0))" } ?? words
    }
}
