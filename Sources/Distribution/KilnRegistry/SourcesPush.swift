import KilnDiagnostics
package import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

extension ImagePush {
    /// What was sent of the files that an image was made of.
    package struct SourcesReport: Sendable, Hashable {
        /// Of the artifact's manifest.
        package let digest: Digest
        package let files: Int
        package let sent: Int
        package let sentBytes: Int64

        /// The counts of both; the digest is the first one's.
        func adding(_ other: SourcesReport?) -> SourcesReport {
            guard let other else { return self }
            return SourcesReport(
                digest: digest,
                files: files + other.files,
                sent: sent + other.sent,
                sentBytes: sentBytes + other.sentBytes
            )
        }
    }

    /// What an image was made of as an artifact beside it, so that it can be baked anew when nobody else has it any more.
    /// A registry keeps blobs for as long as a manifest names them.
    func pushSources(
        _ files: [SourceFile],
        at placed: [(Descriptor, FilePath)],
        of image: Descriptor,
        to repository: Repository,
        mountFrom other: Repository?
    ) async throws -> SourcesReport {
        let layers = files.sorted { $0.digest < $1.digest }.map { file in
            Descriptor(
                mediaType: file.mediaType,
                digest: file.digest,
                size: file.size,
                annotations: ["org.opencontainers.image.title": file.title]
            )
        }
        let artifact = ArtifactManifest(.sources, layers: layers, subject: image)
        let config = try store.put(ArtifactManifest.emptyConfig, mediaType: .empty)
        let placed = placed + [(config, store.blobPath(config.digest))]
        var report = Report(digest: image.digest)
        let label = "push \(files.count) sources"
        let total = files.reduce(0) { $0 + $1.size }
        try await Progress.track(WorkID(label), label: label, total: total) {
            try await send(placed, to: repository, mountFrom: other, as: WorkID(label), &report)
        }
        return SourcesReport(
            digest: try await client.push(artifact, to: repository).digest,
            files: files.count,
            sent: report.sent,
            sentBytes: report.sentBytes
        )
    }

    /// A file that is no longer kept here may be in the repository from an earlier push; then it stays there.
    /// One that is nowhere is told of before anything is sent.
    func locate(
        _ files: [SourceFile],
        for repository: Repository
    ) async throws -> [(Descriptor, FilePath)] {
        let sources = ImageSources(home: store.home)
        var placed: [(Descriptor, FilePath)] = []
        var missing: [SourceFile] = []
        for file in files {
            if let path = sources.location(of: file) {
                let blob = Descriptor(mediaType: file.mediaType, digest: file.digest, size: file.size)
                placed.append((blob, path))
            } else if try await !client.has(file.digest, in: repository) {
                missing.append(file)
            }
        }
        guard let first = missing.first else { return placed }
        let more = missing.count == 1 ? "" : " (and \(missing.count - 1) more)"
        throw RegistryError(
            .sources,
            "\(first.title)\(more), of which the image was made, is neither here nor in \(repository)",
            hint: "bake it in a home that has them, or send the image alone: --no-sources"
        )
    }
}
