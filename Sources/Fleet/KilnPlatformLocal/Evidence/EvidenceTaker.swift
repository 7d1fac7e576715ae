import KilnDefinition
package import KilnDrift
import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

/// Gathers what an instance that drifted can tell, while it is still there. Reads alone; changes nothing in it.
struct EvidenceTaker: Sendable {
    private static let logLines = 500

    let paths: InstancePaths
    let cgroups: Cgroups

    /// Fills an empty folder.
    func take(_ findings: [DriftFinding], now: Int64, into folder: FilePath) async throws {
        let spec = Record.readable(InstanceSpec.self, from: paths.spec)
        let omitted = try await copy(findings, to: folder.appending("changes.tar.gz"))
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
            omitted: omitted
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

    /// Changed files as they lie in the instance's own layer, with attributes and whiteouts; gives those that could not be kept.
    private func copy(_ findings: [DriftFinding], to archive: FilePath) async throws -> [String] {
        let changed = Self.changedFiles(findings)
        guard !changed.isEmpty else { return [] }
        let changes = paths.changes
        let omitted = try await Blocking.run {
            try EvidenceArchive.write(changed, beneath: changes, to: archive)
        }
        // Of what went with its whole folder the layer has nothing.
        let gone = Set(findings.filter { $0.kind == .fileRemoved }.map { Array($0.subject.utf8) })
        return omitted.filter { !gone.contains(Array($0.utf8)) }
    }

    private static func changedFiles(_ findings: [DriftFinding]) -> [String] {
        findings.filter { $0.weight != .noise && $0.kind != .foreignProcess }
            .compactMap(\.path)
            .filter { $0 != "/" }
    }
}

extension LocalPlatform {
    /// Keeps what there is of each instance that drifted, beside what was kept of it before, unless that is the same.
    package func keepEvidence(of report: DriftReport, now: Int64) async throws {
        let fleet = try FleetName(parsing: report.fleet)
        let store = EvidenceStore(home: home)
        let cgroups = try Cgroups.current(of: home)
        for id in report.driftedInstances.sorted() {
            let paths = FleetPaths(home: home, fleet: fleet).instance(id)
            guard Files.exists(paths.spec) else { continue }
            let findings = report.findings.filter { $0.instance == id }
            let known = try store.firstAndLast(of: id, in: fleet)
            let keys = Set(findings.map(\.key))
            if known.contains(where: { Set($0.record.findings.map(\.key)) == keys }) { continue }
            if let last = known.last, (0..<60).contains(now - last.record.time) { continue }
            let taker = EvidenceTaker(paths: paths, cgroups: cgroups)
            try await store.keep(id, of: fleet, now: now) {
                try await taker.take(findings, now: now, into: $0)
            }
        }
    }
}
