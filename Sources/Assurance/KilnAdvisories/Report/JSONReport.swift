import KilnOCI

/// The report as JSON, for scripts.
package enum JSONReport {
    package static func render(_ report: ScanReport) throws -> String {
        String(decoding: try CanonicalJSON.encodePretty(Form(report)), as: UTF8.self) + "\n"
    }

    private struct Form: Encodable {
        let schema = 1
        let subject: String
        let imageDigest: String?
        let database: Database
        let packages: Int
        let mended: Int
        let endOfLife: String?
        let findings: [Entry]
        let suppressed: [Entry]
        let expiredIgnores: [Ignore]
        let unusedIgnores: [Ignore]
        let unjudged: [Unjudged]
        let unsupported: [Unsupported]
        let secrets: [SecretNote]

        init(_ report: ScanReport) {
            subject = report.subject
            imageDigest = report.imageDigest?.description
            database = Database(
                digest: report.databaseDigest.description,
                date: report.databaseDate.description
            )
            packages = report.packages
            mended = report.mended
            endOfLife = report.endOfLife?.description
            findings = report.judgement.findings.map {
                Entry($0, report.origins[$0.package], suppression: nil)
            }
            suppressed = report.judgement.suppressed.map {
                Entry($0.finding, report.origins[$0.finding.package], suppression: $0.reason)
            }
            expiredIgnores = report.judgement.expired.map(Ignore.init)
            unusedIgnores = report.judgement.unused.map(Ignore.init)
            unjudged = report.unjudged.map {
                Unjudged(
                    package: $0.package.name,
                    version: $0.package.version,
                    ecosystem: $0.package.ecosystem.description,
                    reason: $0.reason
                )
            }
            unsupported = report.unsupported.map {
                Unsupported(
                    package: $0.package.name,
                    version: $0.package.version,
                    since: $0.support.day.description,
                    reason: $0.support.reason
                )
            }
            secrets = report.secrets
        }
    }

    private struct Database: Encodable {
        let digest: String
        let date: String
    }

    private struct Unjudged: Encodable {
        let package: String
        let version: String
        let ecosystem: String
        let reason: String
    }

    private struct Unsupported: Encodable {
        let package: String
        let version: String
        let since: String
        let reason: String
    }

    private struct Ignore: Encodable {
        let id: String
        let package: String?
        let reason: String
        let expires: String

        init(_ entry: IgnoreEntry) {
            id = entry.id
            package = entry.package
            reason = entry.reason
            expires = entry.expires.description
        }
    }

    private struct Entry: Encodable {
        let vulnerability: String
        let advisory: String
        let aliases: [String]
        let package: String
        let ecosystem: String
        let source: String
        let installed: String
        let fixed: String?
        let status: String
        let reason: String?
        let severity: String
        let vector: String?
        let exploited: Bool
        let summary: String
        let published: String?
        let modified: String?
        let references: [String]
        let purl: String
        let suppression: String?
        let origin: PackageOrigin?

        init(_ finding: Finding, _ origin: PackageOrigin?, suppression: String?) {
            self.origin = origin
            vulnerability = finding.vulnerability
            advisory = finding.advisory.id
            aliases = finding.advisory.aliases
            package = finding.package.name
            ecosystem = finding.package.ecosystem.description
            source = finding.subject
            installed = finding.installed
            fixed = finding.fixed
            status = finding.status.word
            reason = finding.reason
            severity = finding.severity.description
            vector = finding.advisory.vector
            exploited = finding.advisory.isExploited
            summary = finding.advisory.summary
            published = finding.advisory.published?.description
            modified = finding.advisory.modified?.description
            references = finding.advisory.references
            purl = finding.package.packageURL.description
            self.suppression = suppression
        }
    }
}
