package import KilnDefinition
import KilnDiagnostics
import KilnOCI
package import KilnRegistry
import KilnStore
package import KilnSystem
import SystemPackage

/// Brings downloads into the store that packages are kept in: by digest from there, else from the registries that keep
/// sources, else from their URLs.
package struct DownloadFetcher: Sendable {
    private let home: KilnHome
    private let host: AptHost
    private let door: SourceDoor
    private let runner: ToolRunner
    private let store: PackageStore

    package init(
        home: KilnHome,
        host: AptHost = AptHost(),
        sources: [Repository] = [],
        registry: RegistryClient,
        runner: ToolRunner = ToolRunner()
    ) {
        self.init(home, host, SourceDoor(sources, registry), runner)
    }

    private init(_ home: KilnHome, _ host: AptHost, _ door: SourceDoor, _ runner: ToolRunner) {
        self.home = home
        self.host = host
        self.door = door
        self.runner = runner
        store = PackageStore(home: home)
    }

    init(_ fetcher: PackageFetcher) {
        self.init(fetcher.home, fetcher.host, fetcher.door, fetcher.runner)
    }

    /// The size of what is kept under a digest; nil when nothing is.
    func keptSize(of sha256: Digest) -> Int64? {
        Files.facts(store.path(sha256))?.size
    }

    /// Returns when every download is kept. What an earlier run received of one is gone on with.
    package func fetch(_ downloads: [LockedDownload], of image: ImageDefinition? = nil) async throws {
        var seen: Set<Digest> = []
        for download in downloads where !holds(download) && seen.insert(download.sha256).inserted {
            try await PartialFiles.with(home) { folder in
                guard !holds(download) else { return }
                let span = image?.downloads.first { $0.url == download.url }?.span
                let work = WorkID("fetch/\(download.sha256.short)")
                let label = "download \(download.url)"
                try await Progress.track(work, label: label, total: download.size) {
                    if try await fetchFromSources(download, folder, work) { return }
                    let round = await round(download.url, folder, id: download.sha256, work, span, download)
                    try await fetch(download, round)
                }
            }
        }
    }

    /// Whether a registry that keeps sources had it. Why one had not does not matter: its own place is asked next.
    private func fetchFromSources(
        _ download: LockedDownload,
        _ folder: FilePath,
        _ work: WorkID
    ) async throws -> Bool {
        for opened in try await door.open(probing: download.sha256).places {
            var place: FetchPlace? = opened
            while case .sources(let access)? = place {
                let transfer = DownloadTransfer(
                    url: access.url(of: download.sha256),
                    file: folder.appending(download.sha256.hex),
                    id: download.sha256,
                    size: download.size,
                    header: access.authorization.map { "Authorization: " + $0 }
                )
                do {
                    let round = DownloadRound(transfer: transfer, runner: runner, work: work, span: nil)
                    try await fetch(download, round)
                    return true
                } catch let error as LockError where error.code == .unauthorized && place == opened {
                    place = try await door.renewed(opened, probing: download.sha256)
                } catch let error as LockError where error.code != .diskFull {
                    place = nil
                }
            }
        }
        return false
    }

    /// Fetches what nobody has locked yet and says what it is; `sha256` of the definition must be that.
    func pin(_ download: DownloadDefinition) async throws -> LockedDownload {
        try await PartialFiles.with(home) { folder in
            let id = Digest(of: Array(download.url.utf8))
            let work = WorkID("fetch/\(id.short)")
            return try await Progress.track(work, label: "download \(download.url)", total: nil) {
                let round = await round(download.url, folder, id: id, work, download.span, nil)
                return try await measure(download, round)
            }
        }
    }

    private func holds(_ download: LockedDownload) -> Bool {
        store.contains(download.sha256, size: download.size)
    }

    private func round(
        _ url: String,
        _ folder: FilePath,
        id: Digest,
        _ work: WorkID,
        _ span: SourceSpan?,
        _ locked: LockedDownload?
    ) async -> DownloadRound {
        // A machine without apt has no such settings, and needs none.
        let settings = try? await host.settings()
        let name = locked == nil ? "url-\(id.hex)" : id.hex
        let transfer = DownloadTransfer(
            url: url,
            file: folder.appending(name),
            id: id,
            size: locked?.size,
            settings: settings
        )
        return DownloadRound(transfer: transfer, runner: runner, work: work, span: span)
    }

    private func fetch(_ download: LockedDownload, _ round: DownloadRound) async throws {
        let file = round.transfer.file
        // Each time around the file is taken, an error ends it, or the partial file is gone, which happens once.
        while true {
            let wasThere = Files.exists(file)
            if (Files.facts(file)?.size ?? 0) < download.size || download.size == 0 {
                guard try await round.receive(resuming: wasThere) else { continue }
            }
            do {
                try await store.adopt(file, expecting: download.sha256, size: download.size)
                return
            } catch is StoreError where wasThere {
                continue
            } catch let error as StoreError {
                throw round.wrongContent(expected: download.sha256, causes: error.diagnostics.map(\.message))
            }
        }
    }

    private func measure(
        _ download: DownloadDefinition,
        _ round: DownloadRound
    ) async throws -> LockedDownload {
        let file = round.transfer.file
        try Files.remove(file)
        defer { try? Files.remove(file) }
        _ = try await round.receive(resuming: false)
        let (digest, size) = try await Blocking.run { try FileDigest.measure(file) }
        if let wanted = download.sha256, wanted != digest {
            throw round.wrongContent(
                expected: wanted,
                causes: ["the definition says \(wanted)", "what came is \(digest) of \(size) bytes"]
            )
        }
        try await store.adopt(file, expecting: digest, size: size)
        return LockedDownload(url: download.url, size: size, sha256: digest)
    }
}
