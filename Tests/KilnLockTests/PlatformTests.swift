import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `Locking for several platforms` {
    private static let intel = ImagePlatform(architecture: "amd64")
    private static let arm = ImagePlatform(architecture: "arm64")

    /// The minimal root, and a package that each architecture has its own file of.
    private static func archive(_ sandbox: Sandbox) async throws -> TestArchive {
        let archive = try await TestArchive.minimal(in: sandbox)
        try await archive.add("tool", "1.0", architecture: "amd64", content: "intel")
        try await archive.add("tool", "1.0", architecture: "arm64", content: "arm")
        try await publish(archive)
        return archive
    }

    private static func publish(_ archive: TestArchive) async throws {
        try await archive.publish()
        let other = archive.root.appending("dists/test/main/binary-arm64")
        try Files.createDirectory(other)
        try Files.write(try Files.read(archive.packagesIndex), to: other.appending("Packages"))
        try await archive.sign(TestArchive.Release(fields: ["Architectures": "amd64 arm64"]))
    }

    private static func definition(_ archive: TestArchive) throws -> Definition {
        var definition = try archive.definition([("base", []), ("app", ["tool"])])
        definition.images["base"]?.platforms = [intel, arm]
        return definition
    }

    @Test func `each has its own packages, and the lock reads back as it was`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await Self.archive(sandbox)
            let definition = try Self.definition(archive)
            let lock = try await archive.lock(definition).lock
            #expect(
                lock.images.keys.map(\.description) == [
                    "base@linux/amd64", "base@linux/arm64", "app@linux/amd64", "app@linux/arm64",
                ]
            )
            for platform in [Self.intel, Self.arm] {
                let packages = try #require(lock.images[ImageName("app").on(platform)]).packages
                #expect(packages.map(\.architecture) == [platform.debianArchitecture])
            }
            #expect(try LockFile.read(archive.lockFile) == lock)
            #expect(try lock.staleness(against: definition, encoder: archive.encoder).isEmpty)
            // On a machine of another CPU nothing is different.
            #expect(
                try lock.staleness(against: definition, encoder: archive.encoder, platform: Self.arm).isEmpty
            )
            #expect(try await !archive.lock(definition).written)
        }
    }

    @Test func `a newer package of one moves that one alone`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await Self.archive(sandbox)
            let definition = try Self.definition(archive)
            _ = try await archive.lock(definition)
            try await archive.add("tool", "2.0", architecture: "arm64")
            try await Self.publish(archive)
            #expect(try await archive.lock(definition).changes.isEmpty)
            let moved = try await archive.lock(definition, update: .all).changes
            #expect(moved == [PackageMove(image: "app@linux/arm64", name: "tool", old: "1.0", new: "2.0")])
        }
    }

    @Test func `a platform that is added keeps what was locked, one that is taken away goes`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await Self.archive(sandbox)
            var definition = try Self.definition(archive)
            definition.images["base"]?.platforms = []
            let first = try await archive.lock(definition).lock
            try await archive.add("tool", "2.0", architecture: "amd64")
            try await archive.add("tool", "2.0", architecture: "arm64")
            try await Self.publish(archive)
            definition.images["base"]?.platforms = [Self.intel, Self.arm]
            let stale = try first.staleness(
                against: definition,
                encoder: archive.encoder,
                platform: Self.intel
            )
            #expect(stale.contains { $0.message.contains("app@linux/arm64") })
            let both = try await archive.lock(definition).lock
            #expect(both.images["app@linux/amd64"]?.packages == first.images["app"]?.packages)
            #expect(both.images["app@linux/arm64"]?.packages.map(\.version) == ["2.0"])
            definition.images["base"]?.platforms = [Self.arm]
            let arm = try await archive.lock(definition).lock
            #expect(arm.images.keys.map(\.description) == ["base@linux/arm64", "app@linux/arm64"])
            #expect(arm.images["app@linux/arm64"] == both.images["app@linux/arm64"])
        }
    }

    @Test func `an archive without the platform is named`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            var definition = try archive.definition([("base", [])])
            definition.images["base"]?.platforms = [Self.arm]
            let error = await #expect(throws: LockError.self) { try await archive.lock(definition) }
            #expect(error?.diagnostic.message.contains("arm64") == true, "\(error?.diagnostic.message ?? "")")
            #expect(!Files.exists(archive.lockFile))
        }
    }

    @Test(arguments: ["shop@linux/vax", "shop@", "@linux/arm64", "shop@linux/arm64/v9"])
    func `a name with no platform that there is is no image`(name: String) {
        let text = """
            lock: 1
            encoder: zstd-1.5.4-level3
            images:
              "\(name)":
                request: \(Digest(of: "request"))
                epoch: 0

            """
        let error = #expect(throws: LockError.self) {
            try LockFile.parse(SourceText(name: "kiln.lock", text: text))
        }
        #expect(error?.diagnostic.message.contains("no image name") == true)
    }
}
