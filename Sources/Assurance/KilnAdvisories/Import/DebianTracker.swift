/// Reads the JSON of Debian's security tracker: `{source: {CVE: {releases: {codename: {status, fixed_version, urgency, nodsa, …}}}}}`. It is some 60 MB; one source at a
/// time is in memory.
enum DebianTracker {
    /// What the tracker says of a source for one CVE and one release.
    private struct ReleaseLine {
        let line: DebianFacts.Line?
        let urgency: DebianUrgency
    }

    static func read(
        _ reader: inout RecordReader,
        _ report: inout ImportReport,
        into builder: inout DatabaseBuilder
    ) throws {
        try reader.members { source, bytes in
            do {
                take(source, try JSONValue(parsing: bytes[...]), &report, into: &builder)
            } catch let error as JSONSyntaxError {
                report.read += 1
                report.skip(.malformed, "\(source): \(error.reason.rawValue) at byte \(error.offset)")
            }
        }
    }

    private static func take(
        _ source: String,
        _ value: JSONValue,
        _ report: inout ImportReport,
        into builder: inout DatabaseBuilder
    ) {
        let archive = archiveVersions(value)
        for member in value.members {
            report.read += 1
            guard case .object? = member.value["releases"] else {
                report.skip(.malformed, "\(source): \(member.name) has no releases")
                continue
            }
            var advisory = Advisory(id: member.name)
            advisory.summary = member.value["description"]?.text ?? ""
            advisory.affected = affected(source, member, archive, &report)
            guard !advisory.affected.isEmpty else { continue }
            report.taken += 1
            builder.add(advisory)
        }
    }

    /// The newest version of the source in each release, of all that its CVEs tell.
    private static func archiveVersions(_ value: JSONValue) -> [String: String] {
        var newest: [String: (text: String, key: VersionKey)] = [:]
        for vulnerability in value.members {
            for release in vulnerability.value["releases"]?.members ?? [] {
                for repository in release.value["repositories"]?.members ?? [] {
                    guard let text = repository.value.text, let key = try? VersionScheme.debian.key(of: text)
                    else { continue }
                    if let known = newest[release.name], known.key >= key { continue }
                    newest[release.name] = (text, key)
                }
            }
        }
        return newest.mapValues(\.text)
    }

    private static func affected(
        _ source: String,
        _ vulnerability: JSONValue.Member,
        _ archive: [String: String],
        _ report: inout ImportReport
    ) -> [Advisory.Affected] {
        let releases = vulnerability.value["releases"] ?? .null
        let sid = releases["sid"].map(line)
        for release in releases.members
        where release.name != "sid" && DebianRelease.named(release.name) == nil {
            report.skip(.release, "\(source): \(vulnerability.name): release \(release.name)")
        }
        return DebianRelease.known.compactMap { release in
            let own = releases[release.codename].map(line)
            // A release that never had the source has nothing to be affected.
            guard own != nil || (sid != nil && archive[release.codename] != nil) else { return nil }
            let facts = DebianFacts(
                line: own?.line,
                sid: sid?.line,
                archive: archive[release.codename],
                urgency: own?.urgency ?? sid?.urgency ?? .none
            )
            do throws(VersionSyntaxError) {
                return try facts.affected(release.ecosystem, source, vulnerability.name, &report)
            } catch {
                report.skip(.version, "\(source): \(vulnerability.name): \(error.reason)")
                return nil
            }
        }
    }

    private static func line(_ release: JSONValue) -> ReleaseLine {
        let reason = release["nodsa_reason"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        let word = reason ?? (release["nodsa"] == nil ? "unfixed" : "no-dsa")
        let urgency = DebianUrgency(parsing: release["urgency"]?.text ?? "")
        let kind = release["status"]?.text ?? "open"
        return ReleaseLine(
            line: DebianFacts.line(kind, fixed: release["fixed_version"]?.text, word: word),
            urgency: urgency
        )
    }
}
