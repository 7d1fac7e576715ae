import Glibc
import KilnDiagnostics
package import KilnOCI
package import KilnSystem
package import SystemPackage

/// Where a home keeps its database of advisories, and the files that it was made from.
///
/// ```
/// advisories/current           a link to the database that counts
/// advisories/<sha256>.db       the database, named by its digest
/// advisories/sources/<sha256>  the files that it was made from, as they came
/// advisories/sources.json      what those are called
/// ```
///
/// A new database takes the old one's place by one rename; who reads the old one has it mapped and keeps it.
package struct AdvisoryHome: Sendable {
    package let root: FilePath

    package init(_ home: KilnHome) {
        root = home.root.appending("advisories")
    }

    package var current: FilePath { root.appending("current") }
    package var sourceFolder: FilePath { root.appending("sources") }
    private var list: FilePath { root.appending("sources.json") }

    package func sourceFile(_ digest: Digest) -> FilePath { sourceFolder.appending(digest.hex) }

    /// Opens the database; its content is not hashed.
    package func open() throws -> AdvisoryDatabase {
        guard Files.exists(current) else { throw DatabaseError(.missing) }
        return try AdvisoryDatabase(opening: current)
    }

    /// nil when there is none.
    package func openIfThere() throws -> AdvisoryDatabase? {
        Files.exists(current) ? try open() : nil
    }

    /// What the database was made from, by name.
    package func sources() throws -> [KeptSource] {
        guard Files.exists(list) else { return [] }
        do {
            return try CanonicalJSON.decode([KeptSource].self, from: try Files.read(list))
        } catch is DecodingError {
            throw DatabaseError(.corrupt("the list of its sources"), file: list.string)
        }
    }

    /// Runs the body alone: two imports at once would each forget what the other took.
    package func alone<Result>(_ body: () async throws -> Result) async throws -> Result {
        try Files.createDirectory(sourceFolder)
        return try await FileLock.with(root.appending("lock"), onWait: Self.tellWaiting, body)
    }

    private static func tellWaiting() {
        Progress.report(
            .diagnostic(
                Diagnostic(
                    .note,
                    code: "advisories.waiting",
                    "another kiln db on this machine is at work: waiting"
                )
            )
        )
    }

    /// Makes the database of these sources, whose files are in the folder, and puts it in the place of the old one. Blocks.
    package func rebuild(_ sources: [KeptSource]) throws -> [ImportReport] {
        var builder = DatabaseBuilder()
        var reports: [ImportReport] = []
        var dates: [Moment] = []
        for source in sources.sorted(by: { $0.name < $1.name }) {
            try Blocking.checkCancellation()
            let report = try AdvisoryImporter.importFile(
                sourceFile(source.digest),
                named: source.name,
                into: &builder
            )
            // The tracker says of nothing when it was written.
            if report.format == .debianTracker, let date = source.date { dates.append(Moment(seconds: date)) }
            reports.append(report)
        }
        let date = (dates + [builder.newest].compactMap { $0 }).max()
        let bytes = try builder.build(date: date)
        let database = try AdvisoryDatabase(bytes: bytes)
        let file = "\(database.digest.hex).db"
        if !Files.exists(root.appending(file)) { try Files.write(bytes, to: root.appending(file)) }
        try Files.write(try CanonicalJSON.encodePretty(sources.sorted { $0.name < $1.name }), to: list)
        try pointTo(file)
        try prune(keeping: file, sources)
        return reports
    }

    private func pointTo(_ file: String) throws {
        let link = root.appending(".current.\(getpid())")
        unlink(link.string)
        guard symlink(file, link.string) == 0 else { throw SystemError.last("make the link \(link)") }
        try Files.rename(link, to: current)
        try Files.syncDirectory(root)
    }

    /// Removes what neither the database nor a fetch under way refers to.
    private func prune(keeping file: String, _ sources: [KeptSource]) throws {
        for name in try Files.list(root) where name.hasSuffix(".db") && name != file {
            try Files.remove(root.appending(name))
        }
        let kept = Set(sources.map(\.digest.hex))
        for name in try Files.list(sourceFolder) where !kept.contains(name) && !name.hasPrefix("partial-") {
            try Files.remove(sourceFolder.appending(name))
        }
    }
}

/// A file that the database was made from.
package struct KeptSource: Sendable, Hashable, Codable {
    /// Its own name, or that of what `kiln db update` fetched, such as `osv:PyPI`.
    package let name: String
    package let digest: Digest
    package let size: Int64
    /// When it was written, as far as is known. Seconds since 1970.
    package var date: Int64?
    /// Where it was fetched from, and what the server calls this version of it.
    package var url: String?
    package var tag: String?

    package init(
        name: String,
        digest: Digest,
        size: Int64,
        date: Int64?,
        url: String? = nil,
        tag: String? = nil
    ) {
        self.name = name
        self.digest = digest
        self.size = size
        self.date = date
        self.url = url
        self.tag = tag
    }
}
