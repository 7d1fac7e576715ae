/// Reads OSV records (OSV schema 1.7), and the ranges that some databases keep in `database_specific` alone.
enum OSVRecords {
    /// Takes one record's text; what is wrong with it is noted in the report.
    static func take(
        _ bytes: ArraySlice<UInt8>,
        named place: String,
        _ report: inout ImportReport,
        into builder: inout DatabaseBuilder
    ) {
        report.read += 1
        let record: JSONValue
        do {
            record = try JSONValue(parsing: bytes)
        } catch {
            return report.skip(.malformed, "\(place): \(error.reason.rawValue) at byte \(error.offset)")
        }
        guard let id = record["id"]?.text, !id.isEmpty else {
            return report.skip(.malformed, "\(place): it has no id")
        }
        if let withdrawn = record["withdrawn"]?.text, !withdrawn.isEmpty {
            return report.skip(.withdrawn, id)
        }
        var advisory = facts(of: record, id: id)
        for affected in record["affected"]?.items ?? [] {
            if let taken = self.affected(affected, of: id, &report) { advisory.affected.append(taken) }
        }
        guard !advisory.affected.isEmpty else { return }
        report.taken += 1
        for advisory in apart(advisory, upstream: record["upstream"]?.texts ?? []) { builder.add(advisory) }
    }

    /// A distribution's advisory may be about several vulnerabilities (OSV schema 1.7, `upstream`): each is one of its own, with its own
    /// exploits and reasons to wait, that the advisory's id names too.
    private static func apart(_ advisory: Advisory, upstream: [String]) -> [Advisory] {
        let names = Set(upstream.map(VulnerabilityName.plain).filter { $0.hasPrefix("CVE-") }).sorted()
        guard names.count > 1 else {
            var advisory = advisory
            advisory.aliases += upstream
            return [advisory]
        }
        return names.prefix(AdvisoryLimits.aliases).map { name in
            var part = advisory
            part.id = "\(advisory.id):\(name)"
            part.aliases = [name, advisory.id]
            return part
        }
    }

    private static func facts(of record: JSONValue, id: String) -> Advisory {
        var advisory = Advisory(id: id)
        advisory.aliases = record["aliases"]?.texts ?? []
        advisory.summary = record["summary"]?.text ?? record["details"]?.text ?? ""
        advisory.published = record["published"]?.text.flatMap { Moment(parsing: $0) }
        advisory.modified = record["modified"]?.text.flatMap { Moment(parsing: $0) }
        advisory.references = record["references"]?.items.compactMap { $0["url"]?.text } ?? []
        let scores = record["severity"]?.items ?? []
        advisory.vector = scores.compactMap { $0["score"]?.text }.first
        let computed = scores.compactMap { $0["score"]?.text }.compactMap { CVSS.score(of: $0) }.max()
        let told = record["database_specific"]?["severity"]?.text.flatMap { Severity(parsing: $0) }
        advisory.severity = told ?? computed.map { Severity(score: $0) } ?? .unknown
        // RustSec's notices are no vulnerabilities; `unsound` may be one.
        if let kind = record["informational"]?.text, !kind.isEmpty {
            if kind != "unsound" { advisory.severity = .negligible }
            if advisory.summary.isEmpty { advisory.summary = kind }
        }
        return advisory
    }

    private static func affected(
        _ value: JSONValue,
        of id: String,
        _ report: inout ImportReport
    ) -> Advisory.Affected? {
        guard let name = value["package"]?["name"]?.text, !name.isEmpty,
            let ecosystem = value["package"]?["ecosystem"]?.text.map({ Ecosystem($0) })
        else {
            report.skip(.malformed, "\(id): a package without a name")
            return nil
        }
        guard let scheme = ecosystem.scheme else {
            report.skip(.ecosystem, id)
            return nil
        }
        do throws(VersionSyntaxError) {
            var result = Advisory.Affected(ecosystem, name, try intervals(value, scheme))
            guard result.intervals.count <= AdvisoryLimits.intervals else {
                report.skip(.tooMany, "\(id): \(name) has \(result.intervals.count) ranges")
                return nil
            }
            if ecosystem.family == "Debian" { return try debian(value, &result, id, &report) }
            guard !result.intervals.isEmpty else {
                report.skip(.noVersions, "\(id): \(name) has no versions")
                return nil
            }
            return result
        } catch {
            report.skip(.version, "\(id): \(name): \(error.reason)")
            return nil
        }
    }

    private static func intervals(
        _ value: JSONValue,
        _ scheme: VersionScheme
    ) throws(VersionSyntaxError) -> [VersionInterval] {
        var intervals: [VersionInterval] = []
        for range in value["ranges"]?.items ?? [] where range["type"]?.text != "GIT" {
            intervals += try RangeEvents.intervals(
                (range["events"]?.items ?? []).flatMap(events),
                scheme: scheme
            )
        }
        let fixes = intervals
        for text in value["versions"]?.texts ?? [] {
            // What the ranges hold already needs no row of its own; what nobody can read cannot be installed.
            guard let key = try? scheme.key(of: text), !fixes.contains(where: { $0.contains(key) }) else {
                continue
            }
            let bound = VersionInterval.Bound(key, isInclusive: true)
            intervals.append(VersionInterval(lower: bound, upper: bound))
        }
        let own = value["database_specific"]
        if let range = own?["vulnerable_versions"]?.text {
            intervals += try npm(vulnerable: range, patched: own?["patched_versions"]?.text)
        }
        if own?["patched"] != nil || own?["unaffected"] != nil {
            intervals += try cargo(
                patched: own?["patched"]?.texts ?? [],
                unaffected: own?["unaffected"]?.texts ?? []
            )
        }
        return intervals
    }

    private static func events(_ event: JSONValue) -> [RangeEvent] {
        event.members.compactMap { member in
            guard let text = member.value.text else { return nil }
            switch member.name {
            case "introduced": return .introduced(text)
            case "fixed": return .fixed(text)
            case "last_affected": return .lastAffected(text)
            case "limit": return .limit(text)
            default: return nil
            }
        }
    }

    /// The Node.js working group's ranges; where one does not end at a fix, the next patched version after it is.
    private static func npm(
        vulnerable: String,
        patched: String?
    ) throws(VersionSyntaxError) -> [VersionInterval] {
        var fixes: [(key: VersionKey, text: String)] = []
        for part in (patched ?? "").split(separator: "||") {
            guard let start = part.split(separator: " ").joined().split(separator: ">=").first,
                let key = try? VersionScheme.npm.key(of: String(start.prefix { $0 != "<" }))
            else { continue }
            fixes.append((key, String(start.prefix { $0 != "<" })))
        }
        fixes.sort { $0.key < $1.key }
        return try NpmRange(parsing: vulnerable).intervals.map { interval in
            var interval = interval
            if let upper = interval.upper {
                interval.fixed =
                    fixes.first { upper.isInclusive ? $0.key > upper.key : $0.key >= upper.key }?.text
            }
            return interval
        }
    }

    /// RustSec's requirements say what is well; the rest is not.
    private static func cargo(
        patched: [String],
        unaffected: [String]
    ) throws(VersionSyntaxError) -> [VersionInterval] {
        var well: [(interval: VersionInterval, start: String?)] = []
        for (texts, isPatch) in [(patched, true), (unaffected, false)] {
            for text in texts {
                let requirement = try CargoRequirement(parsing: text)
                if let interval = requirement.interval {
                    well.append((interval, isPatch ? requirement.start : nil))
                }
            }
        }
        return VersionInterval.gaps(between: well)
    }

    /// What the Debian security tracker says of a package rides along as `kind`, `sid_fixed` and `urgency`.
    private static func debian(
        _ value: JSONValue,
        _ result: inout Advisory.Affected,
        _ id: String,
        _ report: inout ImportReport
    ) throws(VersionSyntaxError) -> Advisory.Affected? {
        let own = value["database_specific"]
        let urgency = own?["urgency"]?.text ?? value["ecosystem_specific"]?["urgency"]?.text
        result.urgency = DebianUrgency(parsing: urgency ?? "")
        guard let kind = own?["kind"]?.text else {
            if result.intervals.isEmpty {
                report.skip(.noVersions, "\(id): \(result.package) has no versions")
            }
            result.status = result.intervals.contains { $0.fixed == nil } ? .affected : .fixed
            return result.intervals.isEmpty ? nil : result
        }
        let line = DebianFacts(
            line: DebianFacts.line(kind, fixed: result.intervals.compactMap(\.fixed).last, word: kind),
            sid: (own?["sid_fixed"]?.text).flatMap { $0.isEmpty ? nil : .fixed($0) },
            archive: nil,
            urgency: result.urgency
        )
        return try line.affected(result.ecosystem, result.package, id, &report)
    }
}
