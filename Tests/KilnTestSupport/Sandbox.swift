import Glibc
package import KilnSystem
package import SystemPackage

/// A test's own folder, with clean-ups that run last in, first out.
package final class Sandbox {  // a class: clean-ups registered by callees must reach the one list
    package let path: FilePath
    private var cleanups: [() async throws -> Void] = []

    private init(path: FilePath) {
        self.path = path
    }

    /// A home in this sandbox; its runtime folder is removed with it.
    package var home: KilnHome { KilnHome(root: path.appending("home")) }

    package static func with<Result>(_ body: (Sandbox) async throws -> Result) async throws -> Result {
        try await TemporaryDirectory.with(in: "/tmp", prefix: "kiln-test-") { path in
            let sandbox = Sandbox(path: path)
            do {
                let result = try await body(sandbox)
                try await sandbox.cleanUp()
                return result
            } catch {
                try? await sandbox.cleanUp()
                throw error
            }
        }
    }

    package func onExit(_ cleanup: @escaping () async throws -> Void) {
        cleanups.append(cleanup)
    }

    /// Writes a file below the sandbox, with the folders above it.
    @discardableResult
    package func write(_ text: String, to name: String, mode: UInt16 = 0o644) throws -> FilePath {
        let file = path.pushing(FilePath(name))
        try Files.createDirectory(file.removingLastComponent())
        try Files.write(text, to: file, mode: mode)
        return file
    }

    private func cleanUp() async throws {
        var failures: [any Error] = []
        while let cleanup = cleanups.popLast() {
            do { try await cleanup() } catch { failures.append(error) }
        }
        try Mounts.unmountAll(under: path)
        if home.runtime != "/run/kiln" { try Files.remove(home.runtime) }
        if let first = failures.first { throw first }
    }
}
