import FoundationEssentials
import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnRegistry

/// Against Debian's docker-registry, with skopeo as the other client.
@Suite(.serialized, .enabled(if: TestRegistry.isInstalled, "needs docker-registry"))
struct `Images in a real registry` {
    @Test func `come back the same, and skopeo sees the same digests`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8521) { registry in
                let store = ImageStore(home: sandbox.home)
                let image = try await makeImage(in: store)
                let target = try ImageReference(parsing: "\(registry.host)/shop/web:1.0")
                let push = ImagePush(store: store, client: try client(sandbox))
                let first = try await push.push(image, to: target)
                #expect(first.sent == 3)
                let again = try await push.push(image, to: target)
                #expect(again.alreadyThere == 3 && again.sentBytes == 0)

                let seen = try await skopeo(
                    "inspect",
                    "--tls-verify=false",
                    "--format={{.Digest}}",
                    "docker://\(target)"
                )
                #expect(seen == "\(image.digest)\n")
                let other = ImageStore(home: KilnHome(root: sandbox.path.appending("other")))
                let pulled = try await ImagePull(store: other, client: try client(sandbox)).pull(target)
                #expect(pulled == image)
                let manifest = try other.manifest(pulled.digest)
                #expect(manifest.bytes == (try store.manifest(image.digest).bytes))
                for layer in manifest.value.layers { #expect(other.hasBlob(layer)) }
            }
        }
    }

    @Test func `are mounted from another repository instead of sent`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8522) { registry in
                let store = ImageStore(home: sandbox.home)
                let image = try await makeImage(in: store)
                let first = try ImageReference(parsing: "\(registry.host)/one:1")
                let second = try ImageReference(parsing: "\(registry.host)/two:1")
                let push = ImagePush(store: store, client: try client(sandbox))
                _ = try await push.push(image, to: first)
                let report = try await push.push(image, to: second, mountFrom: first.repository)
                #expect(report.mounted == 3 && report.sent == 0)
            }
        }
    }

    @Test func `that skopeo pushed are pulled by platform from an index`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8523) { registry in
                let store = ImageStore(home: sandbox.home)
                let image = try await makeImage(in: store)
                try await store.tag("web", image)
                _ = try await skopeo(
                    "copy",
                    "--quiet",
                    "--dest-tls-verify=false",
                    "--format",
                    "v2s2",
                    "oci:\(store.home.images):web",
                    "docker://\(registry.host)/docker/web:1"
                )
                let reference = try ImageReference(parsing: "\(registry.host)/docker/web:1")
                let other = ImageStore(home: KilnHome(root: sandbox.path.appending("other")))
                let pull = ImagePull(store: other, client: try client(sandbox))
                let pulled = try await pull.pull(reference)
                #expect(pulled.mediaType == .dockerManifest)
                let diffIDs = try other.config(other.manifest(pulled.digest).value).value.rootfs.diffIDs
                #expect(
                    diffIDs == (try store.config(store.manifest(image.digest).value).value.rootfs.diffIDs)
                )

                var entry = pulled
                entry.platform = ImagePlatform(architecture: "s390x")
                let bytes = try CanonicalJSON.encode(ImageIndex(manifests: [entry]))
                let index = Descriptor(mediaType: .index, digest: Digest(of: bytes), size: Int64(bytes.count))
                let many = try ImageReference(parsing: "\(registry.host)/docker/web:many")
                try await client(sandbox).push(RegistryManifest(descriptor: index, bytes: bytes), to: many)
                let mainframe = ImagePlatform(architecture: "s390x")
                let found = try await pull.resolution(of: many, platform: mainframe)
                #expect(found.image.digest == pulled.digest && found.named == index.digest)
                let error = await #expect(throws: RegistryError.self) {
                    try await pull.resolution(of: many, platform: ImagePlatform(architecture: "riscv64"))
                }
                #expect(error?.code == .platform)
            }
        }
    }

    @Test func `of several platforms go and come as a whole, with the digests that skopeo sees`() async throws
    {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8529) { registry in
                let store = ImageStore(home: sandbox.home)
                let here = try await makeImage(in: store)
                let mainframe = ImagePlatform(architecture: "s390x")
                let foreign = try await makeImage(in: store, for: mainframe)
                let index = try await store.tag(
                    "web",
                    platforms: [(platform: .host, manifest: here), (platform: mainframe, manifest: foreign)]
                )
                let target = try ImageReference(parsing: "\(registry.host)/shop/web:many")
                let push = ImagePush(store: store, client: try client(sandbox))
                let report = try await push.push(index: index, to: target)
                // Both have the same layers.
                #expect(report.digest == index.digest && report.sent == 4 && report.alreadyThere == 2)
                let arguments = ["--tls-verify=false", "--raw", "docker://\(target)"]
                let raw = try await ToolRunner().run(ToolInvocation("skopeo", ["inspect"] + arguments))
                #expect(Digest(of: raw.standardOutput) == index.digest)

                let copy = sandbox.path.appending("copy")
                _ = try await skopeo(
                    "copy",
                    "--quiet",
                    "--all",
                    "--src-tls-verify=false",
                    "docker://\(target)",
                    "oci:\(copy):web"
                )
                let theirs = copy.pushing("blobs/sha256")
                for digest in [index.digest, here.digest, foreign.digest] {
                    #expect(Files.exists(theirs.appending(digest.hex)))
                }

                let other = ImageStore(home: KilnHome(root: sandbox.path.appending("other")))
                let pull = ImagePull(store: other, client: try client(sandbox))
                #expect(try await pull.pull(target).digest == here.digest)
                #expect(!other.hasBlob(foreign))
                let all = try await pull.pullAll(target)
                #expect(all == index && other.isWhole(index.digest))
                try await other.tag("web", all)
                #expect(try other.image("web", for: mainframe).digest == foreign.digest)
            }
        }
    }

    @Test func `are kept from whoever has no login`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8524, login: ("me", "right")) { registry in
                let store = ImageStore(home: sandbox.home)
                let image = try await makeImage(in: store)
                let target = try ImageReference(parsing: "\(registry.host)/web:1")
                let error = await #expect(throws: RegistryError.self) {
                    try await ImagePush(store: store, client: try client(sandbox)).push(image, to: target)
                }
                #expect(error?.code == .denied)
                let right = Data("me:right".utf8).base64EncodedString()
                let auth = #"{"auths": {"\#(registry.host)": {"auth": "\#(right)"}}}"#
                let report = try await ImagePush(store: store, client: try client(sandbox, auth: auth))
                    .push(image, to: target)
                #expect(report.digest == image.digest)
            }
        }
    }

    @Test func `go on where a pull was cut off, and are refused when they are others`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8525) { registry in
                let store = ImageStore(home: sandbox.home)
                let image = try await makeImage(in: store)
                let target = try ImageReference(parsing: "\(registry.host)/web:1")
                _ = try await ImagePush(store: store, client: try client(sandbox)).push(image, to: target)
                let blob = try #require(try store.manifest(image.digest).value.layers.first)
                let whole = try Files.read(store.blobPath(blob.digest))
                let partial = try sandbox.write("", to: "partial")
                try Files.write(whole.prefix(whole.count / 2), to: partial)
                try await client(sandbox).pull(blob, from: target.repository, into: partial)
                #expect(try Files.read(partial) == whole)

                let other = ImageStore(home: KilnHome(root: sandbox.path.appending("other")))
                try other.prepare()
                try Files.write(
                    [UInt8](repeating: 7, count: whole.count / 2),
                    to: other.home.scratch.appending("pull-\(blob.digest.hex)")
                )
                let pull = ImagePull(store: other, client: try client(sandbox))
                await #expect(throws: (any Error).self) { try await pull.pull(target) }
                #expect(!other.hasBlob(blob.digest))
                #expect(try await pull.pull(target) == image)
            }
        }
    }

    private func client(_ sandbox: Sandbox, auth: String = "{}") throws -> RegistryClient {
        let file = try sandbox.write(auth, to: "auth-\(auth.utf8.count).json")
        return RegistryClient(
            transport: CurlTransport(scratch: sandbox.path.appending("http")),
            credentials: RegistryCredentials(files: [file])
        )
    }

    private func skopeo(_ arguments: String...) async throws -> String {
        try await ToolRunner().run(ToolInvocation("skopeo", arguments)).text
    }

    private func makeImage(
        in store: ImageStore,
        for platform: ImagePlatform = .host
    ) async throws -> Descriptor {
        try store.prepare()
        var layers: [WrittenLayer] = []
        for name in ["base", "app"] {
            let content = Array(String(repeating: "\(name) \(UInt64.max) ", count: 4000).utf8)
            layers.append(
                try await store.ingestLayer(encoding: .gzip()) { writer in
                    let entry = TarEntry(path: name, kind: .file(size: Int64(content.count)), mode: 0o644)
                    try writer.append(entry, content: content)
                }
            )
        }
        let config = ImageConfig(platform: platform, diffIDs: layers.map(\.diffID))
        let blob = try store.put(try CanonicalJSON.encode(config), mediaType: .config)
        let manifest = ImageManifest(config: blob, layers: layers.map(\.descriptor))
        return try store.put(try CanonicalJSON.encode(manifest), mediaType: .manifest)
    }
}
