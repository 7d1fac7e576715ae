import Glibc
import KilnArchive
import KilnDefinition
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@testable import KilnBake

/// The root that is unpacked in process, held against what apt and dpkg make of the same packages through mmdebstrap.
@Suite struct `A fresh root and mmdebstrap's` {
    /// Where the two may differ, and why. Folders with all that is in them.
    private static let explained: [(path: String, why: String)] = [
        ("etc/apt/apt.conf.d/99mmdebstrap", "mmdebstrap's"), ("etc/apt/sources.list", "mmdebstrap's"),
        ("etc/fstab", "mmdebstrap's"), ("etc/hostname", "the machine's"),
        ("etc/resolv.conf", "the machine's"),
        ("etc/shadow", "the day of the installation"), ("etc/group-", "from before the last package"),
        ("etc/passwd-", "from before the last package"), ("dev", "an instance gets its own"),
        ("run/lock", "an instance gets its own"), ("var/cache/apt/archives", "apt's, when it has run"),
        ("var/cache/debconf/config.dat-old", "from before the last package"),
        ("var/cache/debconf/templates.dat-old", "from before the last package"),
        ("var/lib/apt/lists", "apt's, when it has run"), ("var/lib/dpkg/arch", "mmdebstrap's"),
        ("var/lib/dpkg/available", "dpkg's, when it has unpacked something by itself"),
        ("var/lib/dpkg/diversions-old", "from before the last package"),
        ("var/lib/dpkg/status-old", "from before the last package"),
    ]

    @Test func `are the same files, with the same database`() async throws {
        try await Sandbox.with { sandbox in
            var bakery = try Bakery(sandbox.path.appending("one"), home: sandbox.home)
            bakery.definition.archives["debian"] = ArchiveDefinition(
                suites: ["bookworm", "bookworm-updates", "bookworm-security"]
            )
            var base = ImageDefinition(origin: .archive("debian"))
            base.packages = ["ca-certificates"]
            bakery.definition.images = ["ours": base]
            let lock = try await bakery.lock()
            let ours = try #require(try await bakery.bake(with: lock).first)
            let packages = try #require(lock.images["ours"]?.packages)
            try await Self.mmdebstrap(packages, bakery, sandbox)
            bakery.definition.images = ["theirs": ImageDefinition(origin: .tar("theirs.tar"))]
            let theirs = try #require(try await bakery.bake().first)

            let left = try Self.listing(try #require(try bakery.root(of: ours)))
            let right = try Self.listing(try #require(try bakery.root(of: theirs)))
            #expect(left.count > 5000)
            var differences: [String] = []
            for path in Set(left.keys).union(right.keys).sorted() where left[path] != right[path] {
                let isExplained = Self.explained.contains { EntryPath.isAt(path, orBelow: $0.path) }
                if !isExplained {
                    differences.append("\(path): ours \(left[path] ?? "-"), theirs \(right[path] ?? "-")")
                }
            }
            #expect(differences == [])
            #expect(left["var/lib/dpkg/status"] != nil)
        }
    }

    /// The very packages, from an archive of their own.
    private static func mmdebstrap(
        _ packages: [LockedPackage],
        _ bakery: Bakery,
        _ sandbox: Sandbox
    ) async throws {
        let repository = sandbox.path.appending("repository")
        try Files.createDirectory(repository)
        for package in packages {
            let target = repository.appending("\(package.name).deb")
            #expect(link(PackageStore(home: bakery.home).path(package.sha256).string, target.string) == 0)
        }
        let tools = ToolRunner()
        let index = try await tools.run(
            ToolInvocation("apt-ftparchive", ["packages", "."], workingDirectory: repository)
        )
        try Files.write(index.standardOutput, to: repository.appending("Packages"))
        let names = packages.map(\.name).joined(separator: ",")
        try await tools.run(
            ToolInvocation(
                "mmdebstrap",
                [
                    "--quiet", "--mode=root", "--variant=custom", "--skip=output/dev", "--include=\(names)",
                    "--aptopt=APT::Install-Recommends false", "--format=tar",
                    // What mmdebstrap does for its other variants, and refuses to for this one.
                    "--setup-hook=for d in bin sbin lib lib64; do mkdir -p \"$1/usr/$d\"; ln -s usr/$d \"$1/$d\"; done",
                    "bookworm", bakery.folder.appending("theirs.tar").string,
                    "deb [trusted=yes] copy://\(repository) ./",
                ]
            )
        )
    }

    /// What each path is, times aside. Hard links are the same as what they are links to.
    private static func listing(_ root: RootIndex) throws -> [String: String] {
        var listing: [String: String] = [:]
        for entry in root.entries where !entry.path.isEmpty {
            let what =
                switch entry.kind {
                case .file(let size, let digest), .hardlink(_, let size, let digest):
                    "file \(size) \(digest.short)"
                case .symlink(let target): "link to \(target)"
                case .directory: "folder"
                default: "\(entry.kind)"
                }
            let mode = if case .symlink = entry.kind { "" } else { String(entry.mode, radix: 8) }
            listing[entry.path] = "\(what) \(mode) \(entry.uid):\(entry.gid) \(entry.xattrs.keys.sorted())"
        }
        return listing
    }
}
