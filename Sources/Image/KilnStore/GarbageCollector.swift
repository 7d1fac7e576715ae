package import KilnSystem
import SystemPackage

/// Drops what nothing refers to.
package struct GarbageCollector: Sendable {
    private let home: KilnHome
    private let retention: ImageRetention

    package init(home: KilnHome, retention: ImageRetention = ImageRetention()) {
        self.home = home
        self.retention = retention
    }

    /// Keeps named images, what names referred to before as the retention says, what `kept` names, what those need, and
    /// layers that are mounted; removes the rest, and what crashes left in scratch. Waits until nothing uses the store.
    ///
    /// `kept` is asked once nothing uses the store any more, so that what was fetched or released meanwhile is in its answer; it
    /// must not lock the store itself.
    @discardableResult
    package func collect(
        keeping kept: @Sendable () async throws -> Kept,
        dryRun: Bool = false,
        now: Int64 = WallClock.now,
        onWait: () -> Void = {}
    ) async throws -> Report {
        func sweep() async throws -> Report {
            let asked = try await kept()
            return try await Blocking.run {
                var kept = asked
                let superseded = try ImageStore(home: home).superseded()
                let retained = retention.kept(of: superseded, now: now)
                kept.roots.formUnion(retained.map(\.digest))
                let survey = try GarbageSurvey(home: home, kept: kept, superseded: superseded)
                let report = Report(items: try survey.items())
                if !dryRun { for item in report.items { try remove(item) } }
                return report
            }
        }
        let lock = StoreLock(home)
        // A dry run waits too: what running work has made so far looks like a crash's leftovers.
        return try await lock.exclusive(onWait: onWait) {
            let report = try await sweep()
            if !dryRun { try await ImageStore(home: home).forgetMissing() }
            return report
        }
    }

    /// What a killed bake left in scratch may still be mounted.
    private func remove(_ item: Report.Item) throws {
        if item.kind == .scratch, Files.facts(item.path)?.kind == .directory {
            try Mounts.unmountAll(under: item.path)
        }
        for path in item.companions + [item.path] { try Files.remove(path) }
    }
}
