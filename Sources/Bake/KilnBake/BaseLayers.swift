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
        try Files.createDirectory(home.layers)
        // Of all that use the home one looks, so that none throws away what another has just made.
        let lock = home.layers.appending(".\(layer.diffID.short).check.lock")
        return try await FileLock.with(lock) {
            let sealed = try await sound(layer.diffID)
            let result: SealedLayer
            if let sealed { result = sealed } else { result = try await seal(layer) }
            verified.withLock { _ = $0.insert(layer.diffID) }
            return result
        }
    }

    /// The layer as it was sealed; nil when it has yet to be.
    private func sound(_ diffID: DiffID) async throws -> SealedLayer? {
        let layers = SealedLayers(home: home)
        guard let sealed = try layers.lookup(diffID) else { return nil }
        if verified.withLock({ $0.contains(diffID) }) { return sealed }
        do {
            try await layers.verify(sealed)
            return sealed
        } catch let error as StoreError {
            for var warning in error.diagnostics {
                warning.severity = .warning
                warning.hint = "it is made anew; what was baked on it since it was altered may be wrong"
                Progress.report(.diagnostic(warning))
            }
            try layers.discard(diffID)
            return nil
        }
    }

    private func seal(_ layer: BakedLayer) async throws -> SealedLayer {
        try await Progress.track(
            WorkID("seal/\(layer.diffID.short)"),
            label: "seal \(layer.label)"
        ) { try await SealedLayers(home: home).seal(layer.diffID, blob: layer.blob) }
    }
}
