import KilnSystem
import Synchronization

/// What a layer's making took, part by part. Cached layers took nothing.
package struct LayerTimings: Sendable, Hashable {
    package enum Part: String, Sendable, Hashable, CaseIterable {
        /// Layers below are sealed, or read and held against what was sealed.
        case seal
        /// Packages are installed, a step runs.
        case run
        /// Times, accounts and the like are made the same everywhere.
        case normalize
        /// Tar, digest, compression, the store.
        case write
    }

    package private(set) var parts: [Part: Duration] = [:]

    package subscript(part: Part) -> Duration { parts[part] ?? .zero }
    package var total: Duration { parts.values.reduce(.zero, +) }

    mutating func add(_ duration: Duration, to part: Part) {
        parts[part, default: .zero] += duration
    }
}

/// Takes the time of a layer's parts. A class: some of them run on other threads.
final class LayerStopwatch: Sendable {
    private let taken = Mutex(LayerTimings())

    var timings: LayerTimings { taken.withLock { $0 } }

    func time<Result>(_ part: LayerTimings.Part, _ body: () async throws -> Result) async rethrows -> Result {
        let start = BootInstant.now
        defer { add(start, part) }
        return try await body()
    }

    func time<Result>(_ part: LayerTimings.Part, _ body: () throws -> Result) rethrows -> Result {
        let start = BootInstant.now
        defer { add(start, part) }
        return try body()
    }

    private func add(_ start: BootInstant, _ part: LayerTimings.Part) {
        taken.withLock { $0.add(start.duration(to: .now), to: part) }
    }
}
