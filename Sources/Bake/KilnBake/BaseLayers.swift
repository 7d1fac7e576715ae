import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import Synchronization
import SystemPackage

/// The sealed layers that a bake builds upon. Each is read as a whole and held against what was sealed before it is
/// first used, since what is made on a damaged one would be wrong for good; a damaged one is made anew.
///
/// A class: the images of a bake share what was looked at.
final class BaseLayers: Sendable {
    private let home: KilnHome
    private let verified = Mutex<Set<DiffID>>([])

    init(home: KilnHome) {
        self.home = home
    }

    /// A layer is sealed when it is first built upon.
    func layer(_ layer: BakedLayer) async throws -> SealedLayer {
        let layers = SealedLayers(home: home)
        try Files.createDirectory(home.layers)
        // Of the images of a bake one reads it, and the others wait.
        let lock = home.layers.appending(".\(layer.diffID.short).check.lock")
        return try await FileLock.with(lock) {
            guard let known = try layers.lookup(layer.diffID) else {
                let sealed = try await seal(layer, in: layers)
                verified.withLock { _ = $0.insert(layer.diffID) }
                return sealed
            }
            if verified.withLock({ $0.contains(layer.diffID) }) { return known }
            let sealed = try await layers.sealVerified(layer.diffID, blob: layer.blob, onAltered: Self.warn)
            verified.withLock { _ = $0.insert(layer.diffID) }
            return sealed
        }
    }

    private static func warn(of error: StoreError) {
        for var warning in error.diagnostics {
            warning.severity = .warning
            warning.hint = "it is made anew; what was baked on it since it was altered may be wrong"
            Progress.report(.diagnostic(warning))
        }
    }

    private func seal(_ layer: BakedLayer, in layers: SealedLayers) async throws -> SealedLayer {
        try await Progress.track(
            WorkID("seal/\(layer.diffID.short)"),
            label: "seal \(layer.label)"
        ) { try await layers.seal(layer.diffID, blob: layer.blob) }
    }
}
