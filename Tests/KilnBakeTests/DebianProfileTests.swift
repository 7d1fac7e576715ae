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

/// What the profile and answers to debconf make of real packages.
@Suite struct `A hardened Debian` {
    @Test func `has what the definition asks for, and runs`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try Self.bakery(sandbox)
            let images = try await bakery.bake()
            let base = try Shown(images[0], bakery, sandbox)
            let app = try Shown(images[1], bakery, sandbox)
            for image in [base, app] {
                #expect(image.privileged == ["usr/bin/sudo 4755"])
                #expect(image.everybodys == [])
                #expect(
                    try image.text("etc/shadow").split(separator: "\n").allSatisfy {
                        $0.contains(":!") || $0.contains(":*:")
                    }
                )
                #expect(try image.shells.filter { $0 != "root /bin/bash" } == [])
                #expect(image.root.lookup("etc/cron.daily") == nil)
                #expect(try image.text("etc/login.defs").contains("\nUMASK\t\t027\n"))
            }
            // What debconf was answered shows in the files that tzdata's configuration made.
            #expect(
                base.root.lookup("etc/localtime")?.kind
                    == .symlink(target: "/usr/share/zoneinfo/Europe/Berlin")
            )
            #expect(try base.text("etc/timezone") == "Europe/Berlin\n")
            #expect(base.root.lookup("usr/bin/dpkg") != nil)
            try Self.expectNoPackageManager(app)
            try await `Baking Debian`.expectRuns(images[1], in: bakery, sandbox)
            #expect(try bakery.leftovers == [])
        }
    }

    private static func bakery(_ sandbox: Sandbox) throws -> Bakery {
        var bakery = try Bakery(sandbox.path.appending("one"), home: sandbox.home, compression: .gzip)
        bakery.definition.archives["debian"] = ArchiveDefinition(
            suites: ["bookworm", "bookworm-updates", "bookworm-security"]
        )
        var base = ImageDefinition(origin: .archive("debian"))
        base.packages = ["tzdata", "sudo"]
        base.debconf = [
            DebconfAnswer(package: "tzdata", question: "tzdata/Areas", kind: .select, value: "Europe"),
            DebconfAnswer(package: "tzdata", question: "tzdata/Zones/Europe", kind: .select, value: "Berlin"),
        ]
        base.profile = .hardened
        base.hardening = HardeningDefinition(keptSetuid: ["/usr/bin/sudo"])
        var app = ImageDefinition(origin: .image("base"))
        app.packages = ["python3-minimal", "openssh-client"]
        app.users = [UserDefinition(name: "app", uid: 10001)]
        app.files = [FileDefinition(source: "app.py", target: "/opt/app.py")]
        app.hardening = HardeningDefinition(keptSetuid: ["/usr/bin/sudo"], packageManager: .remove)
        app.entrypoint = ["python3", "/opt/app.py"]
        app.user = "app"
        bakery.definition.images = ["base": base, "app": app]
        try bakery.write("print('hello from', __import__('os').uname().nodename)\n", to: "app.py")
        return bakery
    }

    private static func expectNoPackageManager(_ app: Shown) throws {
        let names = app.root.entries.map(\.path)
        for program in ["apt", "apt-get", "dpkg", "dpkg-deb", "dpkg-query"] {
            #expect(!names.contains("usr/bin/" + program))
        }
        #expect(app.root.lookup("var/lib/apt") == nil && app.root.lookup("etc/apt") == nil)
        #expect(!names.contains { $0.hasPrefix("var/lib/dpkg/info/") && $0.hasSuffix(".postinst") })
        let status = try app.text("var/lib/dpkg/status")
        let recorded = status.split(separator: "\n").filter { $0.hasPrefix("Package: ") }.map {
            $0.dropFirst(9)
        }
        #expect(recorded.contains("python3-minimal") && recorded.contains("libc6") && recorded.count > 80)
        #expect(!recorded.contains("apt") && !recorded.contains("dpkg"))
        #expect(names.contains("var/lib/dpkg/info/python3-minimal.list"))
    }

    /// An image as one tree, with the texts in it.
    private struct Shown {
        let image: BakedImage
        let root: RootIndex
        let bakery: Bakery
        let folder: FilePath

        init(_ image: BakedImage, _ bakery: Bakery, _ sandbox: Sandbox) throws {
            self.image = image
            self.bakery = bakery
            root = try #require(try bakery.root(of: image))
            folder = sandbox.path.appending("texts-\(image.name)")
        }

        var privileged: [String] {
            root.entries.filter {
                !$0.isDirectory && ($0.mode & 0o6000 != 0 || $0.xattrs["security.capability"] != nil)
            }
            .map { "\($0.path) \(String($0.mode, radix: 8))" }
        }

        var everybodys: [String] {
            root.entries.filter { entry in
                switch entry.kind {
                case .symlink: false
                case .directory: entry.mode & 0o1002 == 0o0002
                default: entry.mode & 0o002 != 0
                }
            }.map(\.path)
        }

        /// Of the system's users that could log in with one.
        var shells: [String] {
            get throws {
                try text("etc/passwd").split(separator: "\n").map {
                    $0.split(separator: ":", omittingEmptySubsequences: false)
                }
                .filter { UInt32($0[2]).map { $0 < 1000 || $0 == 65534 } ?? true }
                .filter { !$0[6].hasSuffix("/nologin") && !$0[6].hasSuffix("/false") }
                .map { "\($0[0]) \($0[6])" }
            }
        }

        func text(_ path: String) throws -> String {
            try Files.createDirectory(folder)
            let place = folder.appending(String(try Files.list(folder).count))
            try Files.createDirectory(place)
            let contents = try LayerContents(home: bakery.home).read([path], from: image.layers, into: place)
            return try Files.readText(try #require(contents[PathKey(path)]).path)
        }
    }
}
