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

    /// `onWait` is called once when a collection is under way.
    package func shared<Result>(
        onWait: () -> Void = {},
        _ body: () async throws -> Result
    ) async throws -> Result {
        try Files.createDirectory(home.root)
        return try await FileLock.with(home.root.appending(name), .shared, onWait: onWait, body)
    }

    /// `onWait` is called once when something uses the store.
    package func exclusive<Result>(
        onWait: () -> Void = {},
        _ body: () async throws -> Result
    ) async throws -> Result {
        try Files.createDirectory(home.root)
        return try await FileLock.with(home.root.appending(name), .exclusive, onWait: onWait, body)
    }

    private let name = "store.lock"
}
