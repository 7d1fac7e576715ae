package import KilnDefinition
import KilnDrift
import KilnFleet
import KilnSystem
package import SystemPackage

extension EvidenceStore {
    /// What is kept no longer.
    package struct Surplus: Sendable, Hashable {
        package enum Reason: Sendable, Hashable {
            case tooOld
            /// Its fleet has too many, or too large ones.
            case tooMuch
            /// A crash left it half written, or it is damaged.
            case leftover
        }

        package let folder: FilePath
        package let size: Int64
        package let reason: Reason
    }

    /// Nobody fills a folder for so long.
    private static let leftoverAge: Int64 = 3600

    /// Of all fleets, also of those that are gone.
    package func surplus(now: Int64) throws -> [Surplus] {
        try fleetFolders().flatMap { try surplus(in: $0, now: now) }
    }

    /// Forgets what is too old, too much or too large, in all fleets.
    package func prune(now: Int64) throws {
        for item in try surplus(now: now) { try Files.remove(item.folder) }
    }

    package func prune(_ fleet: FleetName, now: Int64) throws {
        for item in try surplus(in: folder(fleet), now: now) { try Files.remove(item.folder) }
    }

    private func surplus(in folder: FilePath, now: Int64) throws -> [Surplus] {
        var surplus = try leftovers(in: folder, now: now)
        var (count, size): (Int, Int64) = (0, 0)
        for entry in Self.byWorth(try entries(in: folder)) {
            if now - entry.record.time > Self.ageLimit {
                surplus.append(Surplus(folder: entry.folder, size: entry.size, reason: .tooOld))
            } else if count > 0, count == Self.countLimit || size + entry.size > Self.sizeLimit {
                surplus.append(Surplus(folder: entry.folder, size: entry.size, reason: .tooMuch))
            } else {
                count += 1
                size += entry.size
            }
        }
        return surplus
    }

    /// The newest in any case; then the first of each instance, which whoever is in it must not be able to drive out; then the rest.
    /// Takes and gives the newest first.
    private static func byWorth(_ entries: [Entry]) -> [Entry] {
        var firsts: [InstanceID: FilePath] = [:]
        for entry in entries { firsts[entry.record.instance] = entry.folder }
        let others = entries.dropFirst()
        return Array(entries.prefix(1)) + others.filter { firsts[$0.record.instance] == $0.folder }
            + others.filter { firsts[$0.record.instance] != $0.folder }
    }

    private func leftovers(in folder: FilePath, now: Int64) throws -> [Surplus] {
        try Files.list(folder).compactMap { name -> Surplus? in
            let path = folder.appending(name)
            guard let facts = Files.facts(path), facts.kind == .directory,
                now - facts.modified / 1_000_000_000 > Self.leftoverAge,
                name.hasPrefix(".") || Self.entry(path) == nil
            else { return nil }
            let size = Self.files(in: path).values.reduce(0, +)
            return Surplus(folder: path, size: size, reason: .leftover)
        }
    }
}
