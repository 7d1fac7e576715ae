import KilnDiagnostics
package import KilnOCI
package import KilnStore
import KilnSystem

/// Sends an image of the store to a registry.
package struct ImagePush: Sendable {
    /// What a push did, blob by blob.
    package struct Report: Sendable, Hashable {
        package let digest: Digest
        package var sentBytes: Int64 = 0
        package var sent = 0
        package var mounted = 0
        package var alreadyThere = 0

        fileprivate mutating func count(_ transfer: BlobTransfer, _ blob: Descriptor) {
            switch transfer {
            case .alreadyThere: alreadyThere += 1
            case .mounted: mounted += 1
            case .sent:
                sent += 1
                sentBytes += blob.size
            }
        }
    }

    private let store: ImageStore
    private let client: RegistryClient

    package init(store: ImageStore, client: RegistryClient) {
        self.store = store
        self.client = client
    }

    /// Blobs first, the manifest last: what the tag names is whole at any moment.
    package func push(
        _ image: Descriptor,
        to target: ImageReference,
        mountFrom other: Repository? = nil
    ) async throws -> Report {
        let manifest = try store.manifest(image.digest)
        let blobs = Self.distinct(manifest.value.layers + [manifest.value.config])
        var report = Report(digest: image.digest)
        try await withThrowingTaskGroup(of: (BlobTransfer, Descriptor).self) { group in
            var waiting = blobs[...]
            for _ in 0..<3 { if let blob = waiting.popFirst() { add(blob, target, other, to: &group) } }
            while let (transfer, blob) = try await group.next() {
                report.count(transfer, blob)
                if let next = waiting.popFirst() { add(next, target, other, to: &group) }
            }
        }
        let descriptor = Descriptor(
            mediaType: manifest.value.mediaType,
            digest: image.digest,
            size: Int64(manifest.bytes.count)
        )
        try await client.push(RegistryManifest(descriptor: descriptor, bytes: manifest.bytes), to: target)
        return report
    }

    private func add(
        _ blob: Descriptor,
        _ target: ImageReference,
        _ other: Repository?,
        to group: inout ThrowingTaskGroup<(BlobTransfer, Descriptor), any Error>
    ) {
        group.addTask {
            let id = WorkID("push \(blob.digest.short)")
            let transfer = try await Progress.track(id, label: "push \(blob.digest.short)", total: blob.size)
            {
                try await client.push(
                    blob,
                    of: store.blobPath(blob.digest),
                    to: target.repository,
                    mountFrom: other
                )
            }
            return (transfer, blob)
        }
    }

    private static func distinct(_ blobs: [Descriptor]) -> [Descriptor] {
        var seen: Set<Digest> = []
        return blobs.filter { seen.insert($0.digest).inserted }
    }
}
