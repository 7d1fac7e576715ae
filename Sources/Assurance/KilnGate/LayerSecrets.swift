import Glibc
package import KilnInventory
import KilnOCI
package import KilnSecrets
package import KilnSystem
package import SystemPackage

/// A secret and the layer that holds it.
package struct FoundSecret: Sendable, Hashable {
    package let finding: SecretFinding
    /// From 0, the lowest; nil for what no layer holds.
    package let layer: Int?
    /// What made the layer, in the words of the image's history.
    package let createdBy: String?

    package init(finding: SecretFinding, layer: Int?, createdBy: String?) {
        self.finding = finding
        self.layer = layer
        self.createdBy = createdBy
    }
}

/// What a look for secrets came to.
package struct SecretSurvey: Sendable, Hashable {
    package var secrets: [FoundSecret] = []
    /// Texts of which only the beginning was looked at.
    package var tooLong = 0
    /// Whether some place holds more than are told.
    package var isCut = false

    package init() {}
}

/// Looks for secrets in each layer of an image: what a later layer removes can still be read by whoever has the image. What a layer holds is kept
/// by its diffID, which no other content has.
package struct LayerSecrets: Sendable {
    private struct Kept: Codable {
        let version: Int
        let findings: [SecretFinding]
        let tooLong: Int
        let isCut: Bool
    }

    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    package func survey(_ image: ImageContent) async throws -> SecretSurvey {
        var survey = SecretSurvey()
        for (place, layer) in image.layers.enumerated() {
            let kept = try await kept(layer)
            survey.tooLong += kept.tooLong
            survey.isCut = survey.isCut || kept.isCut
            survey.secrets += kept.findings.map {
                FoundSecret(finding: $0, layer: place, createdBy: layer.createdBy)
            }
        }
        survey.secrets += SecretScanner().findings(inEnvironment: image.config.config?.env ?? []).map {
            FoundSecret(finding: $0, layer: nil, createdBy: "the image's configuration")
        }
        return survey
    }

    private func kept(_ layer: LayerContent) async throws -> Kept {
        let folder = home.secretSurveys
        let file = folder.appending(layer.diffID.hex)
        if let bytes = try? Files.read(file, limit: 4 << 20),
            let kept = try? CanonicalJSON.decode(Kept.self, from: bytes),
            kept.version == SecretScanner.version
        {
            return kept
        }
        let search = try await Blocking.run { try Self.search(layer) }
        let kept = Kept(
            version: SecretScanner.version,
            findings: search.sorted,
            tooLong: search.tooLong,
            isCut: search.isCut
        )
        // Whoever may not write into the home looks again next time.
        if (try? home.makePrivate(folder)) != nil {
            try? Files.write(try CanonicalJSON.encode(kept), to: file, synced: false)
        }
        return kept
    }

    private static func search(_ layer: LayerContent) throws -> SecretSearch {
        var search = SecretSearch()
        try layer.readFiles { path, size in
            search.begin(ScannedFile(path: path, size: size))
        } _: { bytes in
            search.take(bytes)
        } atEnd: {
            search.end()
        }
        return search
    }
}

/// Looks for secrets in a folder that is, or was, somebody's root.
package enum RootSecrets {
    /// Deeper, and more, than any root has.
    private static let depth = 64
    private static let entries = 2_000_000

    /// Follows no link and opens no device. Blocks.
    package static func survey(_ root: FilePath) throws -> SecretSurvey {
        var search = SecretSearch()
        var count = 0
        try visit(root, "", 0, &count, &search)
        var survey = SecretSurvey()
        survey.secrets = search.sorted.map { FoundSecret(finding: $0, layer: nil, createdBy: nil) }
        survey.tooLong = search.tooLong
        survey.isCut = search.isCut
        return survey
    }

    private static func visit(
        _ folder: FilePath,
        _ path: String,
        _ level: Int,
        _ count: inout Int,
        _ search: inout SecretSearch
    ) throws {
        guard level < depth, let names = try? Files.list(folder) else { return }
        for name in names.sorted() {
            try Blocking.checkCancellation()
            count += 1
            guard count <= entries else { return }
            let (place, child) = (folder.appending(name), path.isEmpty ? name : "\(path)/\(name)")
            guard let facts = Files.facts(place) else { continue }
            switch facts.kind {
            case .directory where !["proc", "sys", "dev", "run"].contains(child):
                try visit(place, child, level + 1, &count, &search)
            case .file:
                guard search.begin(ScannedFile(path: child, size: facts.size)) else { continue }
                try read(place, facts.size, &search)
            default: break
            }
        }
    }

    /// Not past the size that was seen: somebody may write to it for ever.
    private static func read(_ path: FilePath, _ size: Int64, _ search: inout SecretSearch) throws {
        let descriptor = open(path.string, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var left = size
        var isWanted = true
        while left > 0, isWanted {
            try Blocking.checkCancellation()
            let count = buffer.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, min($0.count, Int(clamping: left)))
            }
            guard count > 0 else { break }
            isWanted = buffer.withUnsafeBytes { search.take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            left -= Int64(count)
        }
        search.end()
    }
}
