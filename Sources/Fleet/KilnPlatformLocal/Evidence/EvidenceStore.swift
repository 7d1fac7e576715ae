import Glibc
package import KilnDefinition
package import KilnDrift
package import KilnFleet
import KilnOCI
package import KilnSystem
package import SystemPackage

/// What was kept of instances that drifted: `evidence/<fleet>/<instance>/` of the home, for its owner alone, and not for ever.
/// What is kept of an instance later lies beside the first, in `<instance>.2/` and so on: it takes the place of nothing.
package struct EvidenceStore: Sendable {
    /// Of one fleet.
    package static let countLimit = 20
    package static let sizeLimit: Int64 = 256 << 20
    package static let ageLimit: Int64 = 30 * 86_400

    static let recordName = "evidence.json"

    let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    package struct Entry: Sendable, Hashable {
        package let record: EvidenceRecord
        package let folder: FilePath
        /// By name, in bytes.
        package let files: [String: Int64]

        /// The instance's, and with a number behind it from the second on.
        package var name: String { folder.lastComponent?.string ?? "" }
        package var size: Int64 { files.values.reduce(0, +) }
        fileprivate var number: Int { EvidenceStore.number(name, of: record.instance) ?? 0 }
    }

    /// The newest first; of all fleets when none is named.
    package func entries(of fleet: FleetName? = nil) throws -> [Entry] {
        let folders = try fleet.map { [folder($0)] } ?? fleetFolders()
        return try folders.flatMap { try entries(in: $0) }.sorted(by: Self.isNewer)
    }

    /// The first that is kept of it; nil when nothing is.
    package func entry(of instance: InstanceID) throws -> Entry? {
        try entries().last { $0.record.instance == instance }
    }

    /// Two at most: an instance may have much that nobody needs to read at each look.
    func firstAndLast(of instance: InstanceID, in fleet: FleetName) throws -> [Entry] {
        let names = try numbers(of: instance, in: fleet).sorted().map { Self.name($0, of: instance) }
        let ends = names.count > 1 ? [names.first, names.last] : [names.first]
        return ends.compactMap { name in name.flatMap { Self.entry(folder(fleet).appending($0)) } }
    }

    /// The body fills a folder, which lies beside what was kept of the instance before.
    func keep(
        _ instance: InstanceID,
        of fleet: FleetName,
        now: Int64,
        _ fill: (FilePath) async throws -> Void
    ) async throws {
        try home.makePrivate(home.evidence)
        try home.makePrivate(folder(fleet))
        // Another process may keep evidence of the same instance.
        let fresh = folder(fleet).appending(".\(instance).\(getpid()).new")
        try Files.remove(fresh)
        try Files.createDirectory(fresh, mode: 0o700)
        do {
            try await fill(fresh)
            let number = (try numbers(of: instance, in: fleet).max() ?? 0) + 1
            try Files.rename(fresh, to: folder(fleet).appending(Self.name(number, of: instance)))
        } catch {
            try? Files.remove(fresh)
            throw error
        }
        try prune(fleet, now: now)
    }

    func folder(_ fleet: FleetName) -> FilePath { home.evidence.appending(fleet.description) }

    /// Of all fleets, also of those that are gone.
    func fleetFolders() throws -> [FilePath] {
        try Files.list(home.evidence).map { home.evidence.appending($0) }
            .filter { Files.facts($0)?.kind == .directory }
    }

    /// The newest first. What is half written, or damaged, is none.
    func entries(in folder: FilePath) throws -> [Entry] {
        try Files.list(folder).filter { !$0.hasPrefix(".") }
            .compactMap { Self.entry(folder.appending($0)) }
            .sorted(by: Self.isNewer)
    }

    static func entry(_ folder: FilePath) -> Entry? {
        guard let record = Record.readable(EvidenceRecord.self, from: folder.appending(recordName)) else {
            return nil
        }
        return Entry(record: record, folder: folder, files: files(in: folder))
    }

    static func files(in folder: FilePath) -> [String: Int64] {
        var files: [String: Int64] = [:]
        for name in (try? Files.list(folder)) ?? [] {
            files[name] = Files.facts(folder.appending(name))?.size
        }
        return files
    }

    private static func isNewer(_ left: Entry, _ right: Entry) -> Bool {
        (right.record.time, left.record.instance, right.number)
            < (left.record.time, right.record.instance, left.number)
    }

    private func numbers(of instance: InstanceID, in fleet: FleetName) throws -> [Int] {
        try Files.list(folder(fleet)).compactMap { Self.number($0, of: instance) }
    }

    private static func name(_ number: Int, of instance: InstanceID) -> String {
        number == 1 ? instance.description : "\(instance).\(number)"
    }

    /// nil for a folder of another instance.
    private static func number(_ name: String, of instance: InstanceID) -> Int? {
        if name == instance.description { return 1 }
        let start = "\(instance)."
        return name.hasPrefix(start) ? Int(name.dropFirst(start.count)) : nil
    }
}
