package import KilnSystem
import SystemPackage

/// Drops what nothing refers to.
package struct GarbageCollector: Sendable {
    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    /// Keeps named images, what `kept` names, what those need, and layers that are mounted; removes the rest, and what crashes
    /// left in scratch. Waits until nothing uses the store.
    ///
    /// `kept` is asked once nothing uses the store any more, so that what was fetched or released meanwhile is in its answer; it
    /// must not lock the store itself.
    @discardableResult
    package func collect(
        keeping kept: @Sendable () async throws -> Kept,
        dryRun: Bool = false,
        onWait: () -> Void = {}
    ) async throws -> Report {
        func sweep() async throws -> Report {
            let kept = try await kept()
            return try await Blocking.run {
                let report = Report(items: try GarbageSurvey(home: home, kept: kept).items())
                if !dryRun { for item in report.items { try remove(item) } }
                return report
            }
        }
        let lock = StoreLock(home)
        return dryRun
            ? try await lock.shared(onWait: onWait) { try await sweep() }
            : try await lock.exclusive(onWait: onWait) { try await sweep() }
    }

    /// What a killed bake left in scratch may still be mounted.
    private func remove(_ item: Report.Item) throws {
        if item.kind == .scratch, Files.facts(item.path)?.kind == .directory {
            try Mounts.unmountAll(under: item.path)
        }
        for path in item.companions + [item.path] { try Files.remove(path) }
    }
}
