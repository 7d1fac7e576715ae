import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnFleet
package import KilnOCI
import KilnStore
package import KilnSystem
package import SystemPackage

/// What a home knows that nothing brings back: history, marks and verdicts, in one file. Images come from their registry or
/// a bake, volumes are their applications' own to save.
package struct HomeBackup: Sendable {
    /// Says what the file is; its first member.
    package struct Manifest: Sendable, Hashable, Codable {
        package static let currentFormat = "kiln.backup/1"

        package let format: String
        /// Seconds since 1970.
        package let made: Int64
        package let fleets: [String]
        package let files: [File]

        /// A file of the home.
        package struct File: Sendable, Hashable, Codable {
            package let name: String
            package let digest: Digest
        }
    }

    private static let manifestName = "backup.json"
    private static let catalogName = "kiln.db"
    /// Besides the catalog: files, and folders of files.
    private static let revocationsName = "revocations.json"
    private static let marks = [revocationsName, "image-history.json", "image-indexes.json"]
    private static let folders = ["sources", "verdicts"]

    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    /// Writes the file, which nobody but its owner may read: releases hold configuration. What a running command changes
    /// meanwhile is in it as before or after, never in between. What was written is read back before it takes the file's place.
    package func write(to file: FilePath, time: Int64 = WallClock.now) async throws -> Manifest {
        // No collection takes away what is about to be read.
        try await StoreLock(home).shared {
            try await TemporaryDirectory.with(in: home.scratch, prefix: "backup-") { scratch in
                let content = scratch.appending("content")
                let manifest = try await gather(into: content, time)
                let blob = scratch.appending("backup")
                try await Blocking.run { try write(manifest, content, to: blob) }
                let draft = FilePath(file.string + ".part")
                do {
                    try Files.write(try Self.read(blob), to: draft, mode: 0o600)
                    let proof = scratch.appending("proof")
                    try Files.createDirectory(proof, mode: 0o700)
                    _ = try await unpack(draft, into: proof)
                    try Files.rename(draft, to: file)
                } catch {
                    try? Files.remove(draft)
                    throw error
                }
                let folder = file.removingLastComponent()
                try Files.syncDirectory(folder.isEmpty ? "." : folder)
                return manifest
            }
        }
    }

    /// Reads everything once: what is packed is what was digested, whatever becomes of the home's own files meanwhile.
    private func gather(into content: FilePath, _ time: Int64) async throws -> Manifest {
        try Files.createDirectory(content, mode: 0o700)
        let copy = content.appending(Self.catalogName)
        let catalog = try Catalog(path: home.catalog)
        try await catalog.copy(to: copy)
        var files = [Manifest.File(name: Self.catalogName, digest: Digest(of: try Self.read(copy)))]
        for name in try names() {
            let bytes = try Self.read(home.root.pushing(FilePath(name)))
            let target = content.pushing(FilePath(name))
            try Files.createDirectory(target.removingLastComponent(), mode: 0o700)
            try Files.write(bytes, to: target, mode: 0o600, synced: false)
            files.append(Manifest.File(name: name, digest: Digest(of: bytes)))
        }
        return Manifest(
            format: Manifest.currentFormat,
            made: time,
            fleets: try await catalog.fleets().map(\.name.description),
            files: files
        )
    }

    /// Brings back what a file holds, into a home that has no history of its own yet.
    ///
    /// What was revoked here or there is revoked; of other marks those that the home has stay, since they are newer.
    package func restore(from file: FilePath) async throws -> Manifest {
        try await refuseHistory()
        return try await TemporaryDirectory.with(in: home.scratch, prefix: "restore-") { scratch in
            let manifest = try await unpack(file, into: scratch)
            try await Catalog.raiseTokens(in: scratch.appending(Self.catalogName), by: Self.tokenStep)
            // A command that changes fleets begins before or after.
            try await StoreLock(home).exclusive(onWait: Self.tellWaiting) {
                try await refuseHistory()
                try await adopt(manifest, from: scratch)
            }
            return manifest
        }
    }

    private func adopt(_ manifest: Manifest, from scratch: FilePath) async throws {
        // The catalog comes last: until it is there, the home counts as one without history.
        for file in manifest.files.reversed() {
            let source = scratch.pushing(FilePath(file.name))
            let target = home.root.pushing(FilePath(file.name))
            if file.name == Self.revocationsName {
                try await Revocations(home: home).adopt(from: source)
            } else if file.name == Self.catalogName {
                try await Catalog(path: home.catalog).replace(by: source)
            } else if !Files.exists(target) {
                try home.makePrivate(target.removingLastComponent())
                try Files.write(try Self.read(source), to: target, mode: 0o600)
            }
        }
    }

    /// More than any home grants leases: what the platform remembers of leases after the backup was made is not above what comes
    /// after its restoration.
    private static let tokenStep: Int64 = 1 << 32

    private static func tellWaiting() {
        Progress.report(
            .diagnostic(
                Diagnostic(
                    .note,
                    code: "backup.waiting",
                    "waiting for the commands that use this home to finish",
                    hint: "Ctrl-C ends the wait; nothing was restored yet"
                )
            )
        )
    }

    /// Most bytes of one file; a catalog of ten thousand events for each of a hundred fleets has a tenth of it.
    private static let byteLimit = 2 << 30

    private static func read(_ path: FilePath) throws -> [UInt8] { try Files.read(path, limit: byteLimit) }

    private func write(_ manifest: Manifest, _ content: FilePath, to blob: FilePath) throws {
        var writer = try LayerWriter(path: blob, encoding: .zstd())
        try append(Self.manifestName, try CanonicalJSON.encodePretty(manifest), manifest, to: &writer)
        for file in manifest.files {
            let bytes = try Self.read(content.pushing(FilePath(file.name)))
            try append(file.name, bytes, manifest, to: &writer)
        }
        _ = try writer.finish()
    }

    private func append(
        _ name: String,
        _ bytes: [UInt8],
        _ manifest: Manifest,
        to writer: inout LayerWriter
    ) throws {
        let entry = TarEntry(
            path: name,
            kind: .file(size: Int64(bytes.count)),
            mode: 0o600,
            uid: 0,
            gid: 0,
            mtime: manifest.made
        )
        try writer.append(entry, content: bytes)
    }

    /// The marks that there are.
    private func names() throws -> [String] {
        let files = Self.marks.filter { Files.exists(home.root.appending($0)) }
        let folders = try Self.folders.filter { Files.exists(home.root.appending($0)) }.flatMap { folder in
            try Files.list(home.root.appending(folder)).filter { $0.hasSuffix(".json") }.sorted()
                .map { "\(folder)/\($0)" }
        }
        return files + folders
    }

    private func refuseHistory() async throws {
        guard Files.exists(home.catalog) else { return }
        let catalog = try Catalog(path: home.catalog)
        let known = try await catalog.fleetsWithReleases() + catalog.fleets().map(\.name)
        let isConfigured = try await catalog.holdsConfiguration()
        guard !known.isEmpty || isConfigured else { return }
        throw BackupError.history(home.root)
    }

    /// Extracts and examines all of it before anything of the home is touched.
    private func unpack(_ location: FilePath, into scratch: FilePath) async throws -> Manifest {
        guard Files.exists(location) else { throw BackupError.missing(location) }
        do {
            try await Blocking.run {
                var limits = ArchiveLimits.standard
                limits.entries = 1_000_000
                limits.totalSize = 8 << 30
                try LayerExtractor(form: .plain, limits: limits, keepsOwners: false)
                    .extract(blob: location, into: scratch)
            }
        } catch let error as ArchiveError {
            throw BackupError.unreadable(location, error.diagnostics.map(\.message))
        }
        guard let bytes = try? Files.read(scratch.appending(Self.manifestName), limit: 64 << 20),
            let manifest = try? CanonicalJSON.decode(Manifest.self, from: bytes),
            manifest.format == Manifest.currentFormat
        else { throw BackupError.unreadable(location, ["it does not say that it is a backup"]) }
        for file in manifest.files {
            let path = scratch.pushing(FilePath(file.name))
            guard isOurs(file.name), Files.facts(path)?.kind == .file else {
                throw BackupError.unreadable(
                    location,
                    ["\(file.name) is not in it, or is nothing that a home holds"]
                )
            }
            guard Digest(of: try Self.read(path)) == file.digest else {
                throw BackupError.unreadable(location, ["\(file.name) is not what was kept"])
            }
        }
        guard manifest.files.first?.name == Self.catalogName else {
            throw BackupError.unreadable(location, ["it holds no catalog"])
        }
        try await Catalog(path: scratch.appending(Self.catalogName)).checkWhole()
        return manifest
    }

    /// Whether this is a name that a backup may hold.
    private func isOurs(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return name == Self.catalogName || Self.marks.contains(name)
            || (parts.count == 2 && Self.folders.contains(String(parts[0])) && parts[1].hasSuffix(".json")
                && !parts[1].hasPrefix("."))
    }
}
