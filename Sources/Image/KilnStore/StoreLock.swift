import KilnDiagnostics
package import KilnSystem
import SystemPackage

/// Keeps the garbage collector out while something is made that nothing refers to yet.
///
/// Bakes, fetches and deploys hold it shared for as long as they use the store; the collector holds it alone.
package struct StoreLock: Sendable {
    private let home: KilnHome

    package init(_ home: KilnHome) {
        self.home = home
    }

    /// `onWait` is called once when a collection is under way; throws `LockWaitError` when that takes longer than
    /// `limit`, `CancellationError` once `isStopped` says so meanwhile.
    package func shared<Result>(
        within limit: Duration? = nil,
        isStopped: () -> Bool = { false },
        onWait: () -> Void = StoreLock.tellWaiting,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try Files.createDirectory(home.root)
        let lock = home.root.appending(name)
        return try await FileLock.with(
            lock,
            .shared,
            within: limit,
            isStopped: isStopped,
            onWait: onWait,
            body
        )
    }

    /// `onWait` is called once when something uses the store.
    package func exclusive<Result>(
        onWait: () -> Void = {},
        _ body: () async throws -> Result
    ) async throws -> Result {
        try Files.createDirectory(home.root)
        return try await FileLock.with(home.root.appending(name), .exclusive, onWait: onWait, body)
    }

    /// A note, where somebody shows progress.
    package static func tellWaiting() {
        Progress.report(
            .diagnostic(
                Diagnostic(
                    .note,
                    code: "store.collection",
                    "waiting for a collection of garbage to finish",
                    hint: "it is another kiln gc on this machine; Ctrl-C ends the wait"
                )
            )
        )
    }

    private let name = "store.lock"
}
