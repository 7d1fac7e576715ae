package import KilnOCI

/// The kinds of advisory data that can be imported. The raw values are part of the database's format.
package enum ImportFormat: String, Sendable, CaseIterable {
    /// OSV records: one document, or one on each line.
    case osv
    /// A zip archive of OSV documents, as osv.dev offers them for each ecosystem.
    case osvZip = "osv-zip"
    /// The JSON of Debian's security tracker.
    case debianTracker = "debian-tracker"
    /// CISA's catalogue of known exploited vulnerabilities, as JSON or as a list of CVE ids.
    case exploited = "kev"
    /// NVD's JSON 2.0 feeds, for severities alone.
    case nvd
    /// `security-support-ended.debN` of Debian's package debian-security-support.
    case debianSupport = "debian-security-support"
}

/// What an import read, took and left out.
package struct ImportReport: Sendable, Hashable {
    /// Why a record, or one package of it, was left out.
    package enum Skip: String, Sendable, CaseIterable {
        case malformed = "malformed"
        case withdrawn = "withdrawn"
        case notAffected = "not affected"
        case undetermined = "undetermined"
        case ecosystem = "an ecosystem without a known order of versions"
        case release = "an unknown release"
        case version = "a version that cannot be read"
        case noVersions = "no versions"
        case tooMany = "more than a record may have"
    }

    package var name: String
    package var format: ImportFormat
    /// Of the file as it was imported.
    package var digest: Digest
    /// Records in the file.
    package var read = 0
    /// Records of which something was taken.
    package var taken = 0
    /// Records and packages of records that were left out.
    package var skipped: [Skip: Int] = [:]
    /// The first of those that something is wrong with: name and reason.
    package private(set) var faults: [String] = []

    package static let mostFaults = 20

    package init(name: String, format: ImportFormat, digest: Digest) {
        self.name = name
        self.format = format
        self.digest = digest
    }

    mutating func skip(_ reason: Skip, _ what: @autoclosure () -> String) {
        skipped[reason, default: 0] += 1
        switch reason {
        case .malformed, .version, .noVersions, .tooMany, .release:
            if faults.count < Self.mostFaults {
                faults.append(AdvisoryLimits.cut(what(), AdvisoryLimits.summary))
            }
        case .withdrawn, .notAffected, .undetermined, .ecosystem: break
        }
    }
}
