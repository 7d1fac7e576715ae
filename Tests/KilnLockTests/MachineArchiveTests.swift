import KilnDefinition
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@testable import KilnLock

/// The real archive of this machine, by its own apt sources.
@Suite struct `The machine's own archive` {
    private static let archive = ArchiveDefinition(
        suites: ["bookworm", "bookworm-updates", "bookworm-security"],
        keyring: "/usr/share/keyrings/debian-archive-keyring.gpg"
    )

    private static func isHere() -> Bool {
        let sources = try? AptHost().sources(
            for: archive,
            named: "debian",
            architecture: ImagePlatform.host.architecture
        )
        return sources?.isEmpty == false && Files.exists(archive.keyring)
    }

    @Test(.enabled("this machine's apt has no bookworm sources") { isHere() })
    func `a Debian base and a child are locked and fetched from it`() async throws {
        try await Sandbox.with { sandbox in
            var definition = Definition(directory: sandbox.path)
            definition.archives["debian"] = Self.archive
            var base = ImageDefinition(origin: .archive("debian"))
            base.packages = ["ca-certificates"]
            var tool = ImageDefinition(origin: .image("base"))
            tool.packages = ["less"]
            definition.images = ["base": base, "tool": tool]
            let file = sandbox.path.appending("kiln.lock")
            let locker = Locker(home: sandbox.home, registry: RegistryClient(home: sandbox.home))
            let encoder = EncoderName("zstd-1.5.4-level3-mt")
            let outcome = try await locker.lock(definition, file: file, encoder: encoder)

            let packages = try #require(outcome.lock.images["base"]?.packages)
            #expect((80...130).contains(packages.count))
            let names = Set(packages.map(\.name))
            let expected: Set = ["apt", "base-files", "libc6", "dpkg", "ca-certificates", "usr-is-merged"]
            #expect(names.isSuperset(of: expected))
            #expect(names.isDisjoint(with: ["usrmerge", "less"]))
            #expect(outcome.lock.images["tool"]?.packages.map(\.name) == ["less"])
            #expect((outcome.lock.images["base"]?.epoch ?? 0) > 1_600_000_000)
            let store = PackageStore(home: sandbox.home)
            for package in packages { #expect(store.contains(package.sha256, size: package.size)) }

            let again = try await locker.lock(definition, file: file, encoder: encoder, update: .all)
            #expect(again.changes.isEmpty && !again.written)
            let text = try Files.readText(file)
            #expect(!text.contains("://"))
        }
    }
}
