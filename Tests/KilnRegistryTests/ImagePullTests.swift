import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnRegistry

@Suite struct `Pulling an image` {
    private static let repository = FarRegistry.repository

    @Test func `refuses a blob under the diffID of another layer, known or not`() async throws {
        try await Sandbox.with { sandbox in
            let far = ImageStore(home: KilnHome(root: sandbox.path.appending("far")))
            let good = try await FarRegistry.layer("good", in: far)
            let evil = try await FarRegistry.layer("evil", in: far)
            let honest = try FarRegistry.image(good.descriptor, good.diffID, in: far)
            let forged = try FarRegistry.image(evil.descriptor, good.diffID, in: far)
            let store = ImageStore(home: sandbox.home)
            let pull = FarRegistry.pull(store, FarRegistry.transport(of: far))
            #expect(try await pull.pull(FarRegistry.reference(honest)).digest == honest.digest)
            // With the blob fetched now, and with the blob there already.
            for _ in 0..<2 {
                let error = await #expect(throws: RegistryError.self) {
                    try await pull.pull(FarRegistry.reference(forged))
                }
                #expect(error?.code == .content)
            }
        }
    }

    @Test func `takes what another kiln brought while it waited`() async throws {
        try await Sandbox.with { sandbox in
            let far = ImageStore(home: KilnHome(root: sandbox.path.appending("far")))
            let layer = try await FarRegistry.layer("good", in: far)
            let image = try FarRegistry.image(layer.descriptor, layer.diffID, in: far)
            let store = ImageStore(home: sandbox.home)
            try store.prepare()
            let config = try far.manifest(image.digest).value.config
            try store.put(try far.read(config.digest), mediaType: config.mediaType)
            let transport = FarRegistry.transport(of: far)
            let pull = FarRegistry.pull(store, transport)
            let (waiting, started) = AsyncStream.makeStream(of: Void.self)
            let lock = store.home.scratch.appending(".pull-\(layer.digest.hex.prefix(2)).lock")
            let pulled = try await withThrowingTaskGroup(of: Descriptor.self) { group in
                try await FileLock.with(lock) {
                    group.addTask {
                        try await Progress.$receiver.withValue(StartSignal(started)) {
                            try await pull.pull(FarRegistry.reference(image))
                        }
                    }
                    for await _ in waiting { break }
                    try Files.write(
                        try Files.read(far.blobPath(layer.digest)),
                        to: store.blobPath(layer.digest)
                    )
                }
                return try await group.next()
            }
            #expect(pulled?.digest == image.digest)
            #expect(!transport.requests.contains { $0.url.contains("blobs/") })
            #expect(Files.exists(lock))
        }
    }

    @Test func `of all platforms brings what belongs to them, and goes on to another registry whole`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let far = ImageStore(home: KilnHome(root: sandbox.path.appending("far")))
            let layer = try await FarRegistry.layer("good", in: far)
            var image = try FarRegistry.image(layer.descriptor, layer.diffID, in: far)
            image.platform = .host
            let statement = try far.put(Array("{}".utf8), mediaType: .json)
            let config = try far.put(Array(#"{"rootfs":{}}"#.utf8), mediaType: .config)
            var provenance = try far.put(
                try CanonicalJSON.encode(ImageManifest(config: config, layers: [statement])),
                mediaType: .manifest
            )
            provenance.platform = ImagePlatform(architecture: "unknown", os: "unknown")
            let index = try far.put(
                try CanonicalJSON.encode(ImageIndex(manifests: [image, provenance])),
                mediaType: .index
            )
            let store = ImageStore(home: sandbox.home)
            let pull = FarRegistry.pull(store, FarRegistry.transport(of: far))
            #expect(try await pull.pullAll(FarRegistry.reference(index)).digest == index.digest)
            #expect(store.isWhole(index.digest) && store.hasBlob(statement))
            #expect(try store.images(in: index).map(\.digest) == [image.digest])

            let taker = ScriptedTransport { request, _ in
                switch request.method {
                case .head: HTTPResponse(status: 404)
                case .post, .patch: HTTPResponse(status: 202, headers: ["location": "/up"])
                default: HTTPResponse(status: 201)
                }
            }
            let push = ImagePush(store: store, client: FarRegistry.pull(store, taker).client)
            let target = ImageReference(Self.repository, tag: "1", digest: nil)
            _ = try await push.push(index: index, to: target)
            let names = taker.requests.filter { $0.url.contains("/manifests/") }
                .compactMap { $0.url.split(separator: "/").last.map(String.init) }
            #expect(names == [image.digest.description, provenance.digest.description, "1"])

            try Files.remove(store.blobPath(provenance.digest))
            let asked = taker.requests.count
            let error = await #expect(throws: RegistryError.self) {
                try await push.push(index: index, to: target)
            }
            #expect(error?.diagnostic.causes.joined().contains("\(provenance.digest)") == true)
            #expect(taker.requests.count == asked)
        }
    }

    @Test func `and pushing it to another digest than its own is refused before anything is sent`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let layer = try await FarRegistry.layer("good", in: store)
            let image = try FarRegistry.image(layer.descriptor, layer.diffID, in: store)
            let transport = ScriptedTransport { _, _ in HTTPResponse(status: 201) }
            let push = ImagePush(store: store, client: FarRegistry.pull(store, transport).client)
            let other = ImageReference(Self.repository, tag: "1", digest: Digest(of: "other"))
            let error = await #expect(throws: RegistryError.self) { try await push.push(image, to: other) }
            #expect(error?.diagnostic.exitStatus == .usage)
            #expect(transport.requests.isEmpty)
        }
    }
}

/// Says that a piece of work began.
private struct StartSignal: ProgressReceiver {
    let continuation: AsyncStream<Void>.Continuation

    init(_ continuation: AsyncStream<Void>.Continuation) {
        self.continuation = continuation
    }

    func receive(_ fact: ProgressFact) {
        if case .started = fact { continuation.yield() }
    }
}
