import KilnDefinition
package import KilnDrift
import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

/// Gathers what an instance that drifted can tell, while it is still there. Reads alone; changes nothing in it.
struct EvidenceTaker: Sendable {
    /// Of changed files' bytes, together.
    private static let fileLimit: Int64 = 64 << 20
    private static let logLines = 500

    let paths: InstancePaths
    let cgroups: Cgroups
    let runner: ToolRunner

    /// Fills an empty folder.
    func take(_ findings: [DriftFinding], now: Int64, into folder: FilePath) async throws {
        let spec = Record.readable(InstanceSpec.self, from: paths.spec)
        let files = chosen(findings)
        try await copy(files.names, to: folder.appending("changes.tar"))
        let events = RootEventLog(paths).file
        if let bytes = try? Files.read(events, limit: 2 << 20) { try write(bytes, folder, "changes.log") }
        if let pid = ProcessIdentity(file: paths.containerProcess)?.pid,
            let table = try? MountTable.of(processID: pid)
        {
            try write(Array(table.text.utf8), folder, "mounts.txt")
        }
        let lines = InstanceLog(paths: paths).last(Self.logLines).map(\.text)
        try write(Array((lines.joined(separator: "\n") + "\n").utf8), folder, "log.txt")
        // Last: without it the folder counts for nothing.
        let record = EvidenceRecord(
            fleet: paths.fleet.fleet.description,
            instance: paths.id,
            release: spec?.release.number,
            image: spec?.release.content.image,
            time: now,
            findings: findings,
            processes: processes(),
            omitted: files.omitted
        )
        try write(try CanonicalJSON.encodePretty(record), folder, EvidenceStore.recordName)
    }

    private func write(_ bytes: [UInt8], _ folder: FilePath, _ name: String) throws {
        try Files.write(bytes, to: folder.appending(name), mode: 0o600)
    }

    private func processes() -> [EvidenceRecord.Process] {
        cgroups.processes(paths.id, of: paths.fleet.fleet).sorted().compactMap { pid in
            guard let state = ProcessState(of: pid) else { return nil }
            return EvidenceRecord.Process(
                pid: pid,
                parent: state.parent,
                executable: ProcessLinks.target("exe", of: pid) ?? "",
                arguments: ProcessIdentity.arguments(of: pid)
            )
        }
    }

    /// Changed files below the root, as many as there is room for.
    private func chosen(_ findings: [DriftFinding]) -> (names: [String], omitted: [String]) {
        var (names, omitted): ([String], [String]) = ([], [])
        var left = Self.fileLimit
        for finding in findings {
            guard finding.weight != .noise, finding.kind != .foreignProcess, let path = finding.path else {
                continue
            }
            let name = String(path.drop { $0 == "/" })
            guard !name.isEmpty, let facts = Files.facts(paths.changes.pushing(FilePath(name))) else {
                continue
            }
            let size = facts.kind == .file ? facts.size : 0
            if size <= left {
                left -= size
                names.append(name)
            } else {
                omitted.append(path)
            }
        }
        return (names, omitted)
    }

    /// With attributes and whiteouts, as they lie in the instance's own layer. What goes meanwhile is left out.
    private func copy(_ names: [String], to archive: FilePath) async throws {
        guard !names.isEmpty else { return }
        let list = names.map { $0 + "\0" }.joined()
        let words = [
            "--create", "--file=\(archive)", "--directory=\(paths.changes)", "--no-recursion", "--null",
            "--verbatim-files-from", "--files-from=-", "--xattrs", "--xattrs-include=*", "--numeric-owner",
            "--ignore-failed-read",
        ]
        _ = try await runner.runUnchecked(ToolInvocation("tar", words, input: Array(list.utf8)))
    }
}

extension LocalPlatform {
    /// Keeps what there is of each instance that drifted, unless the same was kept already.
    package func keepEvidence(of report: DriftReport, now: Int64) async throws {
        let fleet = try FleetName(parsing: report.fleet)
        let store = EvidenceStore(home: home)
        let cgroups = try Cgroups.current(of: home)
        for id in report.driftedInstances.sorted() {
            let paths = FleetPaths(home: home, fleet: fleet).instance(id)
            guard Files.exists(paths.spec) else { continue }
            let findings = report.findings.filter { $0.instance == id }
            if let known = store.entry(of: id, in: fleet) {
                let isSame = Set(known.record.findings.map(\.key)) == Set(findings.map(\.key))
                if isSame || now - known.record.time < 60 { continue }
            }
            let taker = EvidenceTaker(paths: paths, cgroups: cgroups, runner: ToolRunner())
            try await store.keep(id, of: fleet, now: now) {
                try await taker.take(findings, now: now, into: $0)
            }
        }
    }
}
