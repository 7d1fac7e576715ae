import KilnDrift
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// Whether the sealed layers that instances stand on are still what was sealed.
///
/// A layer whose inode, size and times have not moved since it was last read whole is taken as unchanged: reading hundreds
/// of megabytes at each look would cost more than it finds. `everything` reads them all the same.
struct LayerCheck: Sendable {
    let home: KilnHome
    let readsEverything: Bool

    /// What is wrong with each layer that has something wrong, by path.
    func problems(with layers: Set<RootRecord.SealedFile>) async throws -> [String: String] {
        var memory = remembered()
        var problems: [String: String] = [:]
        let table = try MountTable.current()
        for layer in layers.sorted(by: { $0.path < $1.path }) {
            if let problem = try await problem(with: layer, &memory) ?? mountProblem(of: layer, in: table) {
                problems[layer.path] = problem
            }
        }
        try remember(memory)
        return problems
    }

    private func problem(
        with layer: RootRecord.SealedFile,
        _ memory: inout [String: FileFingerprint]
    ) async throws -> String? {
        guard let facts = Files.facts(FilePath(layer.path)) else { return "the sealed file is gone" }
        let fingerprint = FileFingerprint(facts)
        if !readsEverything, memory[layer.path] == fingerprint { return nil }
        memory[layer.path] = nil
        let sealed = SealedLayers(home: home)
        do {
            guard let record = try sealed.lookup(layer.diffID) else {
                return "differs in size from what was sealed"
            }
            try await sealed.verify(record)
        } catch let error as SystemError {
            return "cannot be read: \(error.errno)"
        } catch let error as StoreError {
            switch error.reason {
            case .alteredLayer: return "differs from what was sealed"
            case .missingLayer: return "the sealed file is gone"
            default: throw error
            }
        }
        memory[layer.path] = fingerprint
        return nil
    }

    /// New instances take the mounted layer, so nothing may lie over it.
    private func mountProblem(of layer: RootRecord.SealedFile, in table: MountTable) -> String? {
        let target = home.runtime.appending("layers").appending(layer.diffID.short)
        let mounts = table.entries.filter { $0.target == target }
        guard mounts.count > 1 || mounts.contains(where: { $0.type != "erofs" }) else { return nil }
        return "something is mounted over it at \(target)"
    }

    private var memoryFile: FilePath { home.runtime.appending("verified-layers.json") }

    private func remembered() -> [String: FileFingerprint] {
        Record.readable([String: FileFingerprint].self, from: memoryFile) ?? [:]
    }

    private func remember(_ memory: [String: FileFingerprint]) throws {
        guard memory != remembered() else { return }
        try home.makeRuntime()
        try Record.write(memory, to: memoryFile)
    }
}
