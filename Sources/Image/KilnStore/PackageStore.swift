package import KilnOCI
package import KilnSystem
package import SystemPackage

/// Fetched archives by the sha256 of their content.
package struct PackageStore: Sendable {
    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    package func path(_ sha256: Digest) -> FilePath {
        home.packages.appending(sha256.hex)
    }

    /// Whether it is here in full; its content is not read.
    package func contains(_ sha256: Digest, size: Int64) -> Bool {
        Files.facts(path(sha256))?.size == size
    }

    /// Takes over a downloaded file. One that is not what it should be is deleted and named in the error.
    @discardableResult
    package func adopt(_ file: FilePath, expecting sha256: Digest, size: Int64) async throws -> FilePath {
        let target = path(sha256)
        let home = home
        try await Blocking.run {
            try Self.check(file, sha256, size)
            try home.makePrivate(home.packages)
            try FileDigest.sync(file, mode: 0o644)
            try Files.rename(file, to: target)
            try Files.syncDirectory(home.packages)
        }
        return target
    }

    /// Reads the kept package again. One that is no longer what it was is deleted, so that the next run fetches it, and named
    /// in the error.
    package func verify(_ sha256: Digest, size: Int64) async throws {
        let path = path(sha256)
        guard Files.exists(path) else { throw StoreError(.missingPackage(sha256)) }
        try await Blocking.run { try Self.check(path, sha256, size) }
    }

    /// Deletes a file that is not what it should be.
    private static func check(_ file: FilePath, _ sha256: Digest, _ size: Int64) throws {
        let measured = try FileDigest.measure(file)
        if measured.size == size, measured.digest == sha256 { return }
        try Files.remove(file)
        throw StoreError(
            measured.size == size
                ? .wrongContent(file, expected: sha256, found: measured.digest)
                : .wrongSize(file, expected: size, found: measured.size)
        )
    }
}
