import KilnDefinition
import KilnFleet
import KilnSystem
import Synchronization
import SystemPackage

/// A record with the facts of the file that it was read from: as long as they stay, so does the record.
struct KeptRecord<Value: Decodable & Sendable>: Sendable {
    let facts: FileFacts?
    /// nil where there is no such file, or it cannot be read.
    let value: Value?

    /// Every change of a record is another file, or another time of the same.
    static func read(_ path: FilePath, before: KeptRecord?) -> KeptRecord {
        let facts = Files.facts(path)
        if let before, let facts, before.facts == facts { return before }
        return KeptRecord(facts: facts, value: facts == nil ? nil : Record.readable(Value.self, from: path))
    }
}

/// The records of one instance, with where they are.
struct InstanceFiles: Sendable {
    let paths: InstancePaths
    /// Where the supervisor notes how it ended.
    let exitStatus: FilePath
    private let files: (spec: FilePath, process: FilePath, network: FilePath)
    private(set) var spec: KeptRecord<InstanceSpec>
    private(set) var process: KeptRecord<ProcessRecord>
    private(set) var network: KeptRecord<NetworkRecord>
    /// nil until it was looked at for drift.
    fileprivate(set) var drift: DriftRecords?

    init(_ paths: InstancePaths) {
        self.paths = paths
        files = (paths.spec, paths.process, paths.network)
        exitStatus = paths.exitStatus
        spec = .read(files.spec, before: nil)
        process = .read(files.process, before: nil)
        network = .read(files.network, before: nil)
    }

    /// Reads again what moved.
    func refreshed() -> InstanceFiles {
        var copy = self
        copy.spec = .read(files.spec, before: spec)
        // What is no instance has nothing else.
        guard copy.exists || exists else { return copy }
        copy.process = .read(files.process, before: process)
        copy.network = .read(files.network, before: network)
        return copy
    }

    /// Whether there is such an instance, whole or not.
    var exists: Bool { spec.facts != nil }
}

/// What was read of fleets at the last look, so that looking every second costs no more than seeing that nothing moved. Holds no
/// more than what there is.
final class InstanceMemory: Sendable {  // a class: copies of a platform share what was read
    private struct Kept: Sendable {
        let paths: FleetPaths
        let directory: FilePath
        let settingsFile: FilePath
        var settings: KeptRecord<FleetSettings>?
        /// By the names in the fleet's folder.
        var files: [String: InstanceFiles] = [:]

        init(_ paths: FleetPaths) {
            self.paths = paths
            directory = paths.directory
            settingsFile = paths.settings
        }
    }

    private let fleets = Mutex<[FleetName: Kept]>([:])

    /// Of a fleet that was set up.
    func settings(of fleet: FleetPaths) throws -> FleetSettings? {
        var kept = kept(of: fleet)
        let settings = KeptRecord.read(kept.settingsFile, before: kept.settings)
        kept.settings = settings
        keep(kept)
        if settings.value != nil || settings.facts == nil { return settings.value }
        // Damaged, or just replaced.
        return try Record.read(FleetSettings.self, from: kept.settingsFile)
    }

    /// Every instance that has a folder, whole or not, in the order of their names.
    func instances(of fleet: FleetPaths) throws -> [InstanceFiles] {
        var kept = kept(of: fleet)
        var files: [String: InstanceFiles] = [:]
        let names = try Files.list(kept.directory)
        for name in names {
            files[name] = kept.files[name]?.refreshed() ?? InstanceFiles(fleet.instance(InstanceID(name)))
        }
        kept.files = files
        keep(kept)
        return names.compactMap { files[$0] }.filter(\.exists)
    }

    /// What an instance is compared with.
    func drift(of instance: InstancePaths) -> DriftRecords {
        let (fleet, name) = (instance.fleet.fleet, instance.id.description)
        let before = fleets.withLock { $0[fleet]?.files[name]?.drift }
        let records = DriftRecords.read(instance, before: before)
        fleets.withLock { $0[fleet]?.files[name]?.drift = records }
        return records
    }

    private func kept(of fleet: FleetPaths) -> Kept {
        fleets.withLock { $0[fleet.fleet] } ?? Kept(fleet)
    }

    private func keep(_ kept: Kept) {
        let isGone = kept.files.isEmpty && kept.settings?.facts == nil
        fleets.withLock { $0[kept.paths.fleet] = isGone ? nil : kept }
    }
}
