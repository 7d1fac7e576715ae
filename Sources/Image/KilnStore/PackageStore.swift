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

    /// Whether it is here in full.
    package func contains(_ sha256: Digest, size: Int64) -> Bool {
        Files.facts(path(sha256))?.size == size
    }

    /// Takes over a downloaded file. One that is not what it should be is deleted and named in the error.
    @discardableResult
    package func adopt(_ file: FilePath, expecting sha256: Digest, size: Int64) async throws -> FilePath {
        let target = path(sha256)
        let packages = home.packages
        try await Blocking.run {
            do {
                let measured = try FileDigest.measure(file)
                guard measured.size == size else {
                    throw StoreError(.wrongSize(file, expected: size, found: measured.size))
                }
                guard measured.digest == sha256 else {
                    throw StoreError(.wrongContent(file, expected: sha256, found: measured.digest))
                }
                try Files.createDirectory(packages)
                try FileDigest.sync(file, mode: 0o644)
                try Files.rename(file, to: target)
                try Files.syncDirectory(packages)
            } catch let error as StoreError {
                try Files.remove(file)
                throw error
            }
        }
        return target
    }
}
