import KilnDiagnostics
import KilnSystem
import SystemPackage

/// What was received in part, of packages and downloads. One process at a time writes there.
enum PartialFiles {
    static func with<Result>(
        _ home: KilnHome,
        _ body: (FilePath) async throws -> Result
    ) async throws -> Result {
        let folder = home.packages.appending("partial")
        try home.makePrivate(home.packages)
        try Files.createDirectory(folder)
        let lock = home.packages.appending("partial.lock")
        return try await FileLock.with(lock, onWait: sayWaiting) { try await body(folder) }
    }

    private static func sayWaiting() {
        let message = "waiting for another kiln, which fetches into the same store"
        Progress.report(.diagnostic(Diagnostic(.note, code: "fetch.waiting", message)))
    }
}
