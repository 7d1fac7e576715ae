import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import Testing

@Suite struct `The gate against revoked images` {
    private static let base = Digest(of: "base")
    private static let runtime = Digest(of: "runtime")

    @Test func `knows what a pulled image stands on, though nothing of that is here`() async throws {
        try await Sandbox.with { sandbox in
            let images = ImageStore(home: sandbox.home)
            let shop = try Self.pull([Self.runtime, Self.base], in: images)
            let recorder = FactRecorder()
            try Progress.$receiver.withValue(recorder) { try RevocationGate(images: images).check(shop) }
            #expect(recorder.diagnostics.isEmpty)
            _ = try await Revocations(home: sandbox.home).revoke(
                Self.base,
                name: nil,
                Revocation.Note(reason: "CVE-2026-0001", by: "me", time: 1)
            )
            let error = #expect(throws: FleetError.self) { try RevocationGate(images: images).check(shop) }
            #expect(error?.code == .revoked && error?.status == .gateRefused)
            #expect(error?.causes.first?.contains("CVE-2026-0001") == true)
        }
    }

    @Test func `warns where an image does not say what it stands on`() async throws {
        try await Sandbox.with { sandbox in
            let images = ImageStore(home: sandbox.home)
            let silent = try Self.pull(nil, in: images)
            let open = try Self.pull([Self.runtime], isClosed: false, in: images)
            for shop in [silent, open] {
                let recorder = FactRecorder()
                try Progress.$receiver.withValue(recorder) { try RevocationGate(images: images).check(shop) }
                #expect(recorder.diagnostics.map(\.code) == ["fleet.ancestry-unknown"])
                #expect(recorder.diagnostics.first?.causes.first?.contains("runtime") == true)
            }
        }
    }

    @Test func `holds an index against the image that came by it, and against what stands on that`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let images = ImageStore(home: sandbox.home)
            let index = Digest(of: "index")
            let pulled = try Self.pull(nil, in: images)
            let standing = try Self.pull([Self.runtime, index], in: images)
            try await KnownIndexes(home: sandbox.home).record(index, [pulled.image])
            _ = try await Revocations(home: sandbox.home).revoke(
                index,
                name: nil,
                Revocation.Note(reason: "CVE-2026-0001", by: "me", time: 1)
            )
            for shop in [pulled, standing] {
                let error = #expect(throws: FleetError.self) {
                    try RevocationGate(images: images).check(shop)
                }
                #expect(error?.code == .revoked)
            }
        }
    }

    /// The manifest alone, as a pull leaves it, of an image that stands on `runtime`.
    private static func pull(
        _ ancestors: [Digest]?,
        isClosed: Bool = true,
        in images: ImageStore
    ) throws -> ReleaseContent {
        try images.prepare()
        var annotations = [
            ImageManifest.baseDigestAnnotation: runtime.description,
            ImageManifest.baseNameAnnotation: "runtime",
        ]
        if let ancestors {
            let record = AncestryRecord(digests: ancestors, isClosed: isClosed)
            annotations.merge(ImageManifest.annotations(record)) { $1 }
        }
        let config = Descriptor(mediaType: .config, digest: Digest(of: "config"), size: 6)
        let manifest = ImageManifest(config: config, layers: [], annotations: annotations)
        var content = Stage.content("1")
        content.image = try images.put(try CanonicalJSON.encode(manifest), mediaType: .manifest).digest
        return content
    }
}
