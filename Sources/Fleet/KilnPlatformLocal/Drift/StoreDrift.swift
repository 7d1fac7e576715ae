import KilnDrift
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// Whether the blobs that a fleet's releases were made of are what their digests say. One whose inode, size and times have not moved
/// since it was last read whole is taken as unchanged, unless everything is to be read.
struct StoreDrift: Sendable {
    let home: KilnHome
    let readsEverything: Bool

    /// One finding for each blob that is damaged or gone, of the images of these releases.
    func findings(_ releases: [Release]) async throws -> [DriftFinding] {
        var memory = Record.readable([String: FileFingerprint].self, from: memoryFile) ?? [:]
        let before = memory
        var findings: [DriftFinding] = []
        var seen: Set<Digest> = []
        for release in releases.sorted(by: { $0.number < $1.number }) {
            for digest in blobs(of: release.content.image) where seen.insert(digest).inserted {
                guard let problem = try await problem(with: digest, &memory) else { continue }
                var finding = DriftFinding(
                    .storeAltered,
                    instance: nil,
                    subject: "blob \(digest.short)",
                    detail: "of image \(release.content.imageName) \(problem)",
                    before: digest.description
                )
                finding.release = release.number
                findings.append(finding)
            }
        }
        if memory != before {
            try home.makeRuntime()
            try Record.write(memory, to: memoryFile)
        }
        return findings
    }

    /// The manifest first; what that cannot tell any more is left out.
    private func blobs(of image: Digest) -> [Digest] {
        guard let manifest = try? ImageStore(home: home).manifest(image).value else { return [image] }
        return [image, manifest.config.digest] + manifest.layers.map(\.digest)
    }

    private func problem(
        with digest: Digest,
        _ memory: inout [String: FileFingerprint]
    ) async throws -> String? {
        let path = ImageStore(home: home).blobPath(digest)
        guard let facts = Files.facts(path) else { return "is gone from the store" }
        let fingerprint = FileFingerprint(facts)
        if !readsEverything, memory[digest.hex] == fingerprint { return nil }
        memory[digest.hex] = nil
        do {
            let found = try await Blocking.run { try FileDigest.measure(path).digest }
            guard found == digest else { return "is not what its digest says" }
        } catch let error as SystemError {
            return "cannot be read: \(error.errno)"
        }
        memory[digest.hex] = fingerprint
        return nil
    }

    private var memoryFile: FilePath { home.runtime.appending("verified-blobs.json") }
}

/// What moves when a file is written or replaced.
struct FileFingerprint: Hashable, Codable {
    let inode: UInt64
    let size: Int64
    let modified: Int64
    let changed: Int64

    init(_ facts: FileFacts) {
        inode = facts.inode
        size = facts.size
        modified = facts.modified
        changed = facts.changed
    }
}
