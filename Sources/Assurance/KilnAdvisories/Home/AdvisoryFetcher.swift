import Glibc
import KilnDiagnostics
import KilnOCI
package import KilnRegistry
import KilnStore
import KilnSystem
import SystemPackage

/// What an update of one feed came to.
package struct FeedUpdate: Sendable, Hashable {
    package let feed: AdvisoryFeed
    package let url: String
    package let size: Int64
    /// Whether the server said that nothing moved.
    package let isUnchanged: Bool
}

/// Fetches feeds into the home. What was fetched in part is gone on with, at the next call too.
package struct AdvisoryFetcher: Sendable {
    /// Larger than any feed.
    package static let mostBytes: Int64 = 8 << 30

    private let home: AdvisoryHome
    private let mirrors: AdvisoryMirrors
    private let transport: any HTTPTransport
    private let clock: any Clock<Duration>
    private let limit: Int64

    package init(
        home: AdvisoryHome,
        mirrors: AdvisoryMirrors,
        transport: any HTTPTransport,
        clock: any Clock<Duration> = ContinuousClock(),
        limit: Int64 = mostBytes
    ) {
        self.home = home
        self.mirrors = mirrors
        self.transport = transport
        self.clock = clock
        self.limit = limit
    }

    /// Fetches what moved and makes the database anew. Nothing of it changes when one feed cannot be had.
    package func update(_ feeds: [AdvisoryFeed]) async throws -> [FeedUpdate] {
        try await home.alone {
            var kept = try home.sources()
            var updates: [FeedUpdate] = []
            for feed in feeds {
                let known = kept.first { $0.name == feed.description }
                let id = WorkID("db/\(feed)")
                let source = try await Progress.track(id, label: "fetch \(feed)") {
                    try await fetch(feed, known)
                }
                updates.append(
                    FeedUpdate(
                        feed: feed,
                        url: mirrors.url(of: feed),
                        size: source.size,
                        isUnchanged: source == known
                    )
                )
                kept.removeAll { $0.name == source.name }
                kept.append(source)
            }
            if updates.contains(where: { !$0.isUnchanged }) || !Files.exists(home.current) {
                let sources = kept
                _ = try await Blocking.run { try home.rebuild(sources) }
            }
            return updates
        }
    }

    private func fetch(_ feed: AdvisoryFeed, _ known: KeptSource?) async throws -> KeptSource {
        let url = mirrors.url(of: feed)
        let partial = home.sourceFolder.appending("partial-\(Digest(of: url).short)")
        // Servers that do not answer this are asked for the whole.
        let head = try? await transport.send(HTTPRequest(.head, url))
        let tag = head?.isSuccess == true ? head?.headers["etag"] : nil
        if let known, known.url == url, tag != nil, known.tag == tag { return known }
        try prepare(partial, tag)
        let response = try await transferred(feed, url, tag, partial)
        let (digest, size) = try await Blocking.run { try FileDigest.measure(partial) }
        try Files.rename(partial, to: home.sourceFile(digest))
        unlink(Self.tagFile(partial).string)
        return KeptSource(
            name: feed.description,
            digest: digest,
            size: size,
            date: response.headers["last-modified"].flatMap(HTTPDate.seconds) ?? WallClock.now,
            url: url,
            tag: response.headers["etag"] ?? tag
        )
    }

    /// Keeps what an earlier call left of this very version, and nothing else: the rest of another would spoil it.
    private func prepare(_ partial: FilePath, _ tag: String?) throws {
        let file = Self.tagFile(partial)
        let left = Files.exists(file) ? try Files.readText(file, limit: 4096) : nil
        if tag == nil || left != tag { unlink(partial.string) }
        if let tag { try Files.write(tag, to: file, synced: false) } else { unlink(file.string) }
    }

    /// Four attempts; each goes on where the last one ended, as long as the server has the same file.
    private func transferred(
        _ feed: AdvisoryFeed,
        _ url: String,
        _ tag: String?,
        _ partial: FilePath
    ) async throws -> HTTPResponse {
        var last: any Error = CancellationError()
        for pause in [nil, Duration.milliseconds(300), .seconds(1), .seconds(3)] {
            if let pause { try await clock.sleep(for: pause) }
            do {
                let response = try await transport.send(request(url, tag, partial))
                if response.isSuccess { return response }
                last = error(feed, url, "the server answers \(response.status)")
                guard [408, 429, 500, 502, 503, 504].contains(response.status) else { throw last }
            } catch let failure as TransportFailure {
                last = error(feed, url, failure.words)
                if failure.mayLieInPart { unlink(partial.string) }
                if failure.kind == .tooLong { throw error(feed, url, "it is longer than \(limit) bytes") }
                guard failure.isPassing || failure.mayLieInPart else { throw last }
            }
        }
        throw last
    }

    private func request(_ url: String, _ tag: String?, _ partial: FilePath) -> HTTPRequest {
        if tag == nil { unlink(partial.string) }
        let from = Files.facts(partial)?.size ?? 0
        let headers = from > 0 ? tag.map { ["If-Range": $0] } ?? [:] : [:]
        return HTTPRequest(.get, url, headers: headers, destination: .file(partial, from: from, size: limit))
    }

    private static func tagFile(_ partial: FilePath) -> FilePath { FilePath(partial.string + ".tag") }

    private func error(_ feed: AdvisoryFeed, _ url: String, _ cause: String) -> DiagnosticFailure {
        DiagnosticFailure(
            Diagnostic(
                code: "advisories.fetch",
                "\(feed) cannot be fetched; the database stays as it is",
                causes: ["\(url): \(cause)"],
                hint: "try again: what came so far is kept; without a network, kiln db import reads files"
            )
        )
    }
}
