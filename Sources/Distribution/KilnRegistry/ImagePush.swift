import KilnDiagnostics
package import KilnOCI
package import KilnStore
import KilnSystem
import SystemPackage

/// Sends an image of the store to a registry.
package struct ImagePush: Sendable {
    /// What a push did, blob by blob.
    package struct Report: Sendable, Hashable {
        package let digest: Digest
        package var sentBytes: Int64 = 0
        package var sent = 0
        package var mounted = 0
        package var alreadyThere = 0
        /// nil when the image was sent alone.
        package var sources: SourcesReport?
        /// Artifacts that say something about what was sent: signatures, statements.
        package var referrers = 0

        /// Of the images of an index, in turn.
        mutating func add(_ other: Report) {
            sentBytes += other.sentBytes
            sent += other.sent
            mounted += other.mounted
            alreadyThere += other.alreadyThere
            referrers += other.referrers
            sources = sources.map { $0.adding(other.sources) } ?? other.sources
        }

        mutating func count(_ transfer: BlobTransfer, _ blob: Descriptor) {
            switch transfer {
            case .alreadyThere: alreadyThere += 1
            case .mounted: mounted += 1
            case .sent:
                sent += 1
                sentBytes += blob.size
            }
        }
    }

    let store: ImageStore
    let client: RegistryClient

    package init(store: ImageStore, client: RegistryClient) {
        self.store = store
        self.client = client
    }

    /// Blobs first, then the manifest, then what the image was made of and what is said of it; the tag moves last: what it names
    /// is whole, and signed, at any moment.
    package func push(
        _ image: Descriptor,
        to target: ImageReference,
        mountFrom other: Repository? = nil,
        sources: [SourceFile] = [],
        withReferrers sendsReferrers: Bool = true
    ) async throws -> Report {
        try check(target, names: image.digest)
        let placedSources = try await locate(sources, for: target.repository)
        let manifest = try store.manifest(image.digest)
        let blobs = manifest.value.layers + [manifest.value.config]
        var report = Report(digest: image.digest)
        let placed = blobs.map { ($0, store.blobPath($0.digest)) }
        try await send(placed, to: target.repository, mountFrom: other, &report)
        let sent = RegistryManifest(manifest.bytes, mediaType: manifest.value.mediaType)
        let hasReferrers = try sendsReferrers && !store.referrers(of: image.digest).isEmpty
        if hasReferrers || !sources.isEmpty {
            let untagged = ImageReference(target.repository, tag: nil, digest: image.digest)
            try await client.push(sent, to: untagged)
        }
        if hasReferrers {
            report.referrers = try await pushReferrers(of: sent.descriptor, to: target.repository)
        }
        if !sources.isEmpty {
            report.sources = try await pushSources(
                sources,
                at: placedSources,
                of: sent.descriptor,
                to: target.repository,
                mountFrom: other
            )
        }
        try await client.push(sent, to: target)
        return report
    }

    /// The images of all platforms, each as a whole, then the index that names them.
    package func push(
        index: Descriptor,
        to target: ImageReference,
        mountFrom other: Repository? = nil,
        sources: (Digest) throws -> [SourceFile] = { _ in [] },
        withReferrers sendsReferrers: Bool = true
    ) async throws -> Report {
        try check(target, names: index.digest)
        let tree = try whole(index)
        var report = Report(digest: index.digest)
        for entry in tree.manifests {
            let made = entry.isImage ? try sources(entry.descriptor.digest) : []
            let untagged = untagged(entry.descriptor, in: target)
            report.add(
                try await push(
                    entry.descriptor,
                    to: untagged,
                    mountFrom: other,
                    sources: made,
                    withReferrers: sendsReferrers
                )
            )
        }
        for inner in tree.indexes where inner.digest != index.digest {
            let bytes = try store.read(inner.digest)
            let sent = RegistryManifest(bytes, mediaType: inner.mediaType)
            try await client.push(sent, to: untagged(inner, in: target))
        }
        let bytes = try store.read(index.digest, limit: 4 << 20)
        let sent = RegistryManifest(bytes, mediaType: index.mediaType)
        if try sendsReferrers && !store.referrers(of: index.digest).isEmpty {
            try await client.push(sent, to: untagged(index, in: target))
            report.referrers += try await pushReferrers(of: sent.descriptor, to: target.repository)
        }
        try await client.push(sent, to: target)
        return report
    }

    private func untagged(_ manifest: Descriptor, in target: ImageReference) -> ImageReference {
        ImageReference(target.repository, tag: nil, digest: manifest.digest)
    }

    /// All that the index leads to: a registry takes no index with holes.
    private func whole(_ index: Descriptor) throws -> ManifestTree {
        let tree = try store.tree(of: index.digest)
        guard tree.missing.isEmpty else {
            throw RegistryError(
                .sources,
                "the index \(index.digest.short) names what is not here, so that no registry takes it",
                causes: tree.missing.map { "\($0.digest)" + ($0.platform.map { " for \($0)" } ?? "") },
                hint: "pull it again with --all-platforms, or push the image of one platform"
            )
        }
        return tree
    }

    /// A digest in the target is what will be there, or nothing is sent.
    private func check(_ target: ImageReference, names digest: Digest) throws(RegistryError) {
        guard let named = target.digest, named != digest else { return }
        throw RegistryError(
            .reference,
            "\(target) names another image than the one to push",
            causes: ["the image is \(digest)"],
            hint: "push it to a tag (\(target.repository):TAG), or to its own digest",
            exitStatus: .usage
        )
    }

    /// Each blob once, three at a time; as one piece of work where it has a name, else each as its own.
    func send(
        _ blobs: [(Descriptor, FilePath)],
        to repository: Repository,
        mountFrom other: Repository?,
        as work: WorkID? = nil,
        _ report: inout Report
    ) async throws {
        var seen: Set<Digest> = []
        var waiting = blobs.filter { seen.insert($0.0.digest).inserted }[...]
        try await withThrowingTaskGroup(of: (BlobTransfer, Descriptor).self) { group in
            func addNext() {
                guard let (blob, file) = waiting.popFirst() else { return }
                group.addTask {
                    func push() async throws -> BlobTransfer {
                        try await client.push(blob, of: file, to: repository, mountFrom: other)
                    }
                    if work != nil { return (try await push(), blob) }
                    let label = "push \(blob.digest.short)"
                    let transfer = try await Progress.track(
                        WorkID(label),
                        label: label,
                        total: blob.size,
                        push
                    )
                    return (transfer, blob)
                }
            }
            for _ in 0..<3 { addNext() }
            var completed: Int64 = 0
            while let (transfer, blob) = try await group.next() {
                report.count(transfer, blob)
                completed += blob.size
                if let work { Progress.report(.advanced(work, completed: completed)) }
                addNext()
            }
        }
    }
}
