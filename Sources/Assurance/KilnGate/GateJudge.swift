import KilnAdvisories
package import KilnDefinition
import KilnDiagnostics
import KilnSecrets

/// Judges facts about an image by the rules of its gate. Pure: the same facts give the same verdict.
package struct GateJudge: Sendable {
    private let rules: GateDefinition
    /// Facts that a refusal tells; of more the number is told.
    private static let shown = 10
    private static let distributions: [VersionScheme?] = [.debian, .alpine, .rpm]

    package init(_ rules: GateDefinition) {
        self.rules = rules
    }

    package func verdict(on facts: GateFacts) -> GateVerdict {
        let refusals =
            [
                database(facts), unread(facts), unjudged(facts), exploited(facts), severity(facts),
                unsupported(facts),
            ].compactMap { $0 }
            + [
                secrets(facts), licences(facts), baseAge(facts), checks(facts), verified(facts),
                signature(facts),
            ].compactMap { $0 }
        return GateVerdict(
            image: facts.image,
            judged: facts.now.seconds,
            database: facts.database?.digest,
            databaseDate: facts.database?.date.description,
            rules: rules,
            refusals: refusals,
            letPass: facts.findings.suppressed.map {
                "\($0.finding.vulnerability) of \($0.finding.subject): \($0.reason)"
            }
        )
    }

    // MARK: Vulnerabilities

    private func database(_ facts: GateFacts) -> GateVerdict.Refusal? {
        guard rules.needsDatabase else { return nil }
        guard let database = facts.database else {
            return GateVerdict.Refusal(
                .database,
                ["there is no database of advisories to judge by"],
                remedy: "kiln db update, or kiln db import FILE"
            )
        }
        guard let limit = rules.databaseAge else { return nil }
        let age = days(from: database.date, to: facts.now)
        guard age > limit else { return nil }
        return GateVerdict.Refusal(
            .databaseAge,
            ["the database of advisories is of \(database.date), \(age) days ago; \(limit) are allowed"],
            remedy: "kiln db update"
        )
    }

    /// Nobody knows of any vulnerability in what could not be read.
    private func unread(_ facts: GateFacts) -> GateVerdict.Refusal? {
        guard rules.unread == .refuse, !facts.unread.isEmpty else { return nil }
        return GateVerdict.Refusal(
            .unread,
            cut(facts.unread),
            remedy:
                "mend the files or leave them out, and bake again; unread: ignore lets them pass unexamined"
        )
    }

    /// Nor in what the database does not know.
    private func unjudged(_ facts: GateFacts) -> GateVerdict.Refusal? {
        let areJudged = rules.severity != nil || rules.exploited == .refuse
        guard areJudged, rules.unjudged == .refuse, !facts.unjudged.isEmpty else { return nil }
        let told = Dictionary(grouping: facts.unjudged, by: \.reason).sorted { $0.key < $1.key }.map {
            let names = Set($0.value.map(\.package.name)).sorted()
            return "\(Quantities.first(of: names)): \($0.key)"
        }
        return GateVerdict.Refusal(
            .unjudged,
            cut(told),
            remedy:
                "kiln db update osv:ECOSYSTEM, or kiln db import FILE; unjudged: ignore lets them pass unexamined"
        )
    }

    private func exploited(_ facts: GateFacts) -> GateVerdict.Refusal? {
        guard rules.exploited == .refuse else { return nil }
        return refusal(
            .exploited,
            facts.findings.findings.filter(\.advisory.isExploited),
            facts,
            ", exploited"
        )
    }

    private func severity(_ facts: GateFacts) -> GateVerdict.Refusal? {
        guard let word = rules.severity, let threshold = Severity(parsing: word.rawValue) else { return nil }
        let gate = FindingGate(
            severity: threshold,
            countsUnfixed: rules.unfixed == .refuse,
            refusesExploited: false
        )
        // What is exploited was told already.
        let findings = gate.refused(facts.findings).filter {
            rules.exploited == .ignore || !$0.advisory.isExploited
        }
        return refusal(.severity, findings, facts, "")
    }

    /// One fact for each source and vulnerability; the packages that are built of the source are for the remedy.
    private func refusal(
        _ rule: GateVerdict.Rule,
        _ findings: [Finding],
        _ facts: GateFacts,
        _ suffix: String
    ) -> GateVerdict.Refusal? {
        guard !findings.isEmpty else { return nil }
        var seen: Set<[String]> = []
        let told = findings.filter { seen.insert([$0.subject, $0.vulnerability]).inserted }.map { finding in
            let remedy = finding.fixed.map { "mended in \($0)" } ?? "not mended yet"
            return
                "\(finding.subject) \(finding.installed): \(finding.vulnerability), \(finding.severity)\(suffix), \(remedy)"
        }
        let mended = findings.filter { $0.fixed != nil }
        let distribution = Set(
            mended.filter { Self.distributions.contains($0.package.ecosystem.scheme) }.map(\.package.name)
        )
        let names = distribution.sorted().prefix(6).joined(separator: " ")
        let others = Set(mended.map(\.subject)).subtracting(distribution).sorted().prefix(6).joined(
            separator: ", "
        )
        let bake = "kiln bake \(facts.imageName), and deploy again"
        let remedy =
            !distribution.isEmpty
            ? "kiln lock --update\(distribution.count > 6 ? "" : " \(names)"), \(bake); where that moves nothing, the archive's suites lack the fix"
            : !mended.isEmpty
                ? "build the image with newer versions of \(others), \(bake)"
                : "nothing mends it yet: unfixed: ignore lets it pass, an entry in ignore: for a time"
        return GateVerdict.Refusal(
            rule,
            cut(told),
            remedy: remedy,
            vulnerabilities: Set(findings.map(\.vulnerability)).sorted()
        )
    }

    private func unsupported(_ facts: GateFacts) -> GateVerdict.Refusal? {
        guard rules.unsupported == .refuse else { return nil }
        var told = facts.endOfLife.map { ["the distribution gets no fixes since \($0)"] } ?? []
        told += facts.unsupported.map {
            "\($0.package.name) gets no fixes since \($0.support.day): \($0.support.reason)"
        }
        guard !told.isEmpty else { return nil }
        return GateVerdict.Refusal(
            .unsupported,
            cut(told),
            remedy: "move to what is cared for, or leave the package out"
        )
    }

    // MARK: Everything else

    private func secrets(_ facts: GateFacts) -> GateVerdict.Refusal? {
        let ignored = Set(rules.ignored.filter { !isExpired($0, facts.now) }.map(\.id))
        let secrets = facts.secrets.filter { !ignored.contains($0.finding.fingerprint) }
        guard rules.secrets == .refuse, !secrets.isEmpty else { return nil }
        return GateVerdict.Refusal(
            .secrets,
            cut(secrets.map(\.shown)),
            remedy:
                "leave it out and bake again, replace it where it is valid, and give it to instances as secrets:; what is none goes into ignore: by its fingerprint"
        )
    }

    private func isExpired(_ entry: IgnoreDefinition, _ now: Moment) -> Bool {
        guard let day = CalendarDate(parsing: entry.expires) else { return true }
        return now.seconds / 86_400 > Int64(day.dayNumber)
    }

    private func licences(_ facts: GateFacts) -> GateVerdict.Refusal? {
        var told: [String] = []
        for (package, licences) in facts.licences {
            let denied = licences.filter { licence in
                LicenceExpression(licence).isDenied { name in
                    rules.licences.denied.contains { LicencePattern.matches($0, name) }
                }
            }
            if !denied.isEmpty { told.append("\(package): \(denied.joined(separator: ", "))") }
            if licences.isEmpty, rules.licences.unknown == .refuse {
                told.append("\(package) names no licence")
            }
        }
        guard !told.isEmpty else { return nil }
        return GateVerdict.Refusal(
            .licences,
            cut(told),
            remedy: "leave the package out, or allow its licence in gate: licences:"
        )
    }

    private func baseAge(_ facts: GateFacts) -> GateVerdict.Refusal? {
        guard let limit = rules.baseAge else { return nil }
        let remedy = "kiln lock --update, kiln bake \(facts.imageName), and deploy again"
        guard let made = facts.baseMade else {
            return GateVerdict.Refusal(
                .baseAge,
                ["when the image at the bottom was made cannot be told"],
                remedy: remedy
            )
        }
        let age = days(from: made, to: facts.now)
        guard age > limit else { return nil }
        return GateVerdict.Refusal(
            .baseAge,
            ["the image at the bottom is of \(made), \(age) days ago; \(limit) are allowed"],
            remedy: remedy
        )
    }

    private func checks(_ facts: GateFacts) -> GateVerdict.Refusal? {
        guard rules.checks == .refuse, !facts.hasChecks else { return nil }
        return GateVerdict.Refusal(.checks, ["the image has no checks"], remedy: "add checks: to the image")
    }

    private func verified(_ facts: GateFacts) -> GateVerdict.Refusal? {
        guard rules.verified, !facts.unverified.isEmpty else { return nil }
        return GateVerdict.Refusal(
            .verified,
            cut(facts.unverified.map { "not known to come out the same: \($0)" }),
            remedy: "kiln image verify \(facts.imageName)"
        )
    }

    private func signature(_ facts: GateFacts) -> GateVerdict.Refusal? {
        guard !rules.signature.isEmpty else { return nil }
        let found = facts.signature ?? .init(missing: rules.signature.map(\.description), flaws: [])
        guard !found.missing.isEmpty else { return nil }
        let told = ["it is not signed by \(found.missing.joined(separator: ", "))"]
        return GateVerdict.Refusal(
            .signature,
            cut(told + (found.flaws.isEmpty ? ["nothing that lies beside it is a signature"] : found.flaws)),
            remedy:
                "kiln image sign \(facts.imageName) --key FILE; one that was signed elsewhere comes with its signatures by kiln image pull"
        )
    }

    private func days(from: Moment, to: Moment) -> Int { Int((to.seconds - from.seconds) / 86_400) }

    private func cut(_ facts: [String]) -> [String] {
        facts.count > Self.shown ? facts.prefix(Self.shown) + ["and \(facts.count - Self.shown) more"] : facts
    }
}

/// Names of licences with `*` for any text, in any case.
enum LicencePattern {
    static func matches(_ pattern: String, _ name: String) -> Bool {
        let parts = pattern.lowercased().split(separator: "*", omittingEmptySubsequences: false)
        var rest = Substring(name.lowercased())
        guard let first = parts.first, rest.hasPrefix(first) else { return false }
        rest = rest.dropFirst(first.count)
        guard parts.count > 1 else { return rest.isEmpty }
        for part in parts.dropFirst().dropLast() {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.hasSuffix(parts.last ?? "")
    }
}

extension FoundSecret {
    /// `a private key in etc/ssl/site.key, line 1, layer 2 (files of shop) [fingerprint]`.
    package var shown: String {
        let line = finding.line.map { ", line \($0)" } ?? ""
        let subject = finding.subject.map { " (\($0))" } ?? ""
        let place = layer.map { ", layer \($0 + 1)" } ?? ""
        let made = createdBy.map { ": \($0)" } ?? ""
        return
            "\(finding.kind.words)\(subject) in \(finding.path)\(line)\(place)\(made) [\(finding.fingerprint)]"
    }
}
