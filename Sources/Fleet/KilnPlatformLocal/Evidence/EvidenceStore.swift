package import KilnDefinition
package import KilnDrift
package import KilnFleet
import KilnOCI
package import KilnSystem
package import SystemPackage

/// What was kept of instances that drifted: `evidence/<fleet>/<instance>/` of the home, for its owner alone, the newest of each
/// fleet and not for ever.
package struct EvidenceStore: Sendable {
    /// Of one fleet.
    package static let countLimit = 20
    package static let sizeLimit: Int64 = 256 << 20
    package static let ageLimit: Int64 = 30 * 86_400

    static let recordName = "evidence.json"

    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    package struct Entry: Sendable, Hashable {
        package let record: EvidenceRecord
        package let folder: FilePath
        /// By name, in bytes.
        package let files: [String: Int64]

        package var size: Int64 { files.values.reduce(0, +) }
    }

    /// The newest first; of all fleets when none is named.
    package func entries(of fleet: FleetName? = nil) throws -> [Entry] {
        let fleets = try fleet.map { [$0.description] } ?? Files.list(home.evidence)
        return try fleets.flatMap { fleet in
            let folder = home.evidence.appending(fleet)
            return try Files.list(folder).compactMap { Self.entry(folder.appending($0)) }
        }
        .sorted { ($1.record.time, $0.record.instance) < ($0.record.time, $1.record.instance) }
    }

    /// nil when nothing is kept of it.
    package func entry(of instance: InstanceID) throws -> Entry? {
        try entries().first { $0.record.instance == instance }
    }

    func entry(of instance: InstanceID, in fleet: FleetName) -> Entry? {
        Self.entry(folder(fleet).appending(instance.description))
    }

    /// What is half written, or damaged, is none.
    private static func entry(_ folder: FilePath) -> Entry? {
        guard let record = Record.readable(EvidenceRecord.self, from: folder.appending(recordName)) else {
            return nil
        }
        var files: [String: Int64] = [:]
        for name in (try? Files.list(folder)) ?? [] {
            files[name] = Files.facts(folder.appending(name))?.size
        }
        return Entry(record: record, folder: folder, files: files)
    }

    /// The body fills a folder, which takes the place of what was kept of the instance before.
    func keep(
        _ instance: InstanceID,
        of fleet: FleetName,
        now: Int64,
        _ fill: (FilePath) async throws -> Void
    ) async throws {
        try home.makePrivate(home.evidence)
        try home.makePrivate(folder(fleet))
        let target = folder(fleet).appending(instance.description)
        let fresh = folder(fleet).appending(".\(instance).new")
        try Files.remove(fresh)
        try Files.createDirectory(fresh, mode: 0o700)
        do {
            try await fill(fresh)
        } catch {
            try? Files.remove(fresh)
            throw error
        }
        try Files.remove(target)
        try Files.rename(fresh, to: target)
        try prune(fleet, now: now)
    }

    /// Forgets what is too old, too much or too large. The newest stays in any case.
    package func prune(_ fleet: FleetName, now: Int64) throws {
        var size: Int64 = 0
        for (index, entry) in try entries(of: fleet).enumerated() {
            size += entry.size
            let isTooOld = now - entry.record.time > Self.ageLimit
            let isTooMuch = index >= Self.countLimit || size > Self.sizeLimit
            if isTooOld || (isTooMuch && index > 0) { try Files.remove(entry.folder) }
        }
    }

    private func folder(_ fleet: FleetName) -> FilePath { home.evidence.appending(fleet.description) }
}
