import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import OrderedCollections

/// Finds what downloads are: what is locked stays, and what is not is fetched, once per run.
struct DownloadPins {
    let existing: Lock?
    let update: LockUpdate
    let fetcher: DownloadFetcher
    private var found: [String: LockedDownload] = [:]

    init(existing: Lock?, update: LockUpdate, fetcher: DownloadFetcher) {
        self.existing = existing
        self.update = update
        self.fetcher = fetcher
    }

    mutating func downloads(of image: ImageDefinition, named name: ImageName) async throws -> [LockedDownload]
    {
        var pins: [String: LockedDownload] = [:]
        for download in image.downloads { pins[download.url] = try await pin(download, of: name) }
        return pins.values.sorted(by: LockedDownload.precedes)
    }

    private mutating func pin(
        _ download: DownloadDefinition,
        of image: ImageName
    ) async throws -> LockedDownload {
        let known = found[download.url] ?? (moves(download.url) ? nil : locked(download.url, image))
        if let known, download.sha256 == nil || download.sha256 == known.sha256 {
            found[download.url] = known
            return known
        }
        let pinned: LockedDownload
        if let wanted = download.sha256, let size = fetcher.keptSize(of: wanted) {
            pinned = LockedDownload(url: download.url, size: size, sha256: wanted)
        } else {
            pinned = try await fetcher.pin(download)
        }
        if let other = found[download.url], other.sha256 != pinned.sha256 {
            throw LockError(
                .digest,
                "\(download.url) is given with two digests",
                at: download.span,
                causes: ["here \(pinned.sha256)", "elsewhere \(other.sha256)"],
                hint: "one URL is one file: give the same sha256, or none",
                exitStatus: .usage
            )
        }
        found[download.url] = pinned
        return pinned
    }

    private func moves(_ url: String) -> Bool {
        switch update {
        case .none: false
        case .all: true
        case .packages(let names): names.contains(url)
        }
    }

    /// What the image had, else what any image had.
    private func locked(_ url: String, _ image: ImageName) -> LockedDownload? {
        let images =
            (existing?.images[image].map { [$0] } ?? []) + (existing.map { Array($0.images.values) } ?? [])
        return images.flatMap(\.downloads).first { $0.url == url }
    }
}
