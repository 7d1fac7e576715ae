import KilnArchive
package import KilnDefinition
package import KilnLock
import KilnStore
package import KilnSystem
import OrderedCollections
import SystemPackage

/// One package that a newer version is there for, and what that fixes.
package struct PatchNote: Sendable, Hashable {
    package let image: ImageName
    package let name: String
    package let old: String
    package let new: String
    package let archive: ArchiveName
    /// The archive's suites that list the new version.
    package let suites: [String]
    /// Vulnerabilities that the new package's changelog names for the versions since the old one, by year and number.
    package let fixes: [String]
    /// Whether there was a changelog to ask; some packages keep theirs in another one.
    package let hasChangelog: Bool
    /// When the first of the changes that are missed was made: by its entry in the changelog, else when the new package was
    /// built. Seconds since 1970; not when it reached the archive, which archives do not say.
    package let since: Int64?

    /// Whether it comes from a suite for security, or names what it fixes.
    package var isSecurity: Bool { !fixes.isEmpty || suites.contains { $0.contains("security") } }
}

/// Reads what lock moves fix out of the new packages' own changelogs; works without a network.
package struct PatchNotes: Sendable {
    private let store: PackageStore
    private let tools: ToolRunner

    package init(home: KilnHome, tools: ToolRunner = ToolRunner()) {
        store = PackageStore(home: home)
        self.tools = tools
    }

    /// In the outcome's order; packages that are new or gone fix nothing that was there.
    package func notes(on outcome: LockOutcome) async throws -> [PatchNote] {
        var notes: [PatchNote] = []
        for move in outcome.changes {
            guard let old = move.old, move.new != nil,
                let package = outcome.lock.images[move.image]?.packages.first(where: { $0.name == move.name })
            else { continue }
            notes.append(
                try await note(on: package, of: move.image, since: old, suites: outcome.suites[package] ?? [])
            )
        }
        return notes
    }

    /// What a package has over an older version of it.
    package func note(
        on package: LockedPackage,
        of image: ImageName,
        since old: String,
        suites: [String]
    ) async throws -> PatchNote {
        let changelog = try await changelog(of: package)
        let entries = changelog?.entries(after: old, upTo: package.version) ?? []
        return PatchNote(
            image: image,
            name: package.name,
            old: old,
            new: package.version,
            archive: package.archive,
            suites: suites,
            fixes: VulnerabilityNames.all(in: entries.map(\.text).joined(separator: "\n")),
            hasChangelog: changelog != nil,
            since: entries.compactMap(\.time).min() ?? buildTime(of: package)
        )
    }

    private func buildTime(of package: LockedPackage) -> Int64? {
        try? DebianPackage.buildTime(of: store.path(package.sha256))
    }

    /// Debian's policy, section 12.7, says where it is; a rebuild for one architecture adds a file of its own.
    private func changelog(of package: LockedPackage) async throws -> Changelog? {
        guard store.contains(package.sha256, size: package.size) else { return nil }
        let folder = "usr/share/doc/\(package.name)/"
        let wanted = ["changelog.Debian.gz", "changelog.Debian.\(package.architecture).gz", "changelog.gz"]
            .map { folder + $0 }
        let file = PackageFile(path: store.path(package.sha256), tools: tools)
        let texts = try await file.read(.files) { reader in
            var texts: [String: String] = [:]
            while let entry = try reader.next() {
                guard wanted.contains(entry.path), case .file = entry.kind else { continue }
                var content: [UInt8] = []
                try reader.readContent { content.append(contentsOf: $0) }
                texts[entry.path] = try Self.text(content)
            }
            return texts
        }
        // The package's own first: `changelog.gz` is the upstream's where there is another.
        let found = wanted.compactMap { texts[$0] }
        guard !found.isEmpty else { return nil }
        return Changelog(
            parsing: (texts[wanted[0]] == nil ? found : Array(found.prefix(2))).joined(separator: "\n")
        )
    }

    private static func text(_ compressed: [UInt8]) throws -> String {
        let limit = 16 << 20
        var decompressor = try Decompressor(MemorySource(compressed), limits: .standard)
        var text: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        while text.count < limit, case let count = try decompressor.read(into: buffer), count > 0 {
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
