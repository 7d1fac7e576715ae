import KilnArchive
import KilnDefinition
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `The hardened profile` {
    private typealias Entry = LayerIndex.Entry

    private static func file(
        _ path: String,
        _ mode: UInt32,
        _ content: String = "",
        xattrs: [String: [UInt8]] = [:]
    ) -> Entry {
        let digest = Digest(of: content)
        return Entry(
            path: path,
            kind: .file(size: Int64(content.utf8.count), digest: digest),
            mode: mode,
            mtime: 7,
            xattrs: xattrs
        )
    }

    private static func folder(_ path: String, _ mode: UInt32 = 0o755, gid: UInt32 = 0) -> Entry {
        Entry(path: path, kind: .directory, mode: mode, gid: gid, mtime: 7)
    }

    /// The layer over a root of these entries, as lines; content is taken for each path's own name.
    private func lines(
        _ entries: [Entry],
        captured: [String: String] = [:],
        texts: [String: String] = [:],
        _ hardening: HardeningDefinition = HardeningDefinition()
    ) throws -> [String] {
        let index = LayerIndex(entries: entries, captured: captured.mapValues { Array($0.utf8) })
        let layer = HardeningLayer(below: RootIndex.stacked([index]), hardening: hardening)
        let contents = Dictionary(
            uniqueKeysWithValues: layer.wanted.map { path in
                (PathKey(path), (FilePath("/spool/" + path), index.lookup(path)?.digest ?? Digest(of: "")))
            }
        )
        let items = try layer.items(contents) { file in
            texts[String(file.string.dropFirst("/spool/".count))] ?? ""
        }
        return items.map { item in
            let entry = item.entry
            let kind =
                switch (entry.kind, item.content) {
                case (.directory, _): "folder"
                case (.hardlink(let target), _): "link to \(target)"
                case (_, .file(let path, _)): "file of \(path)"
                case (_, .bytes(let bytes)): "text \(String(decoding: bytes, as: UTF8.self).debugDescription)"
                case (let kind, _): "\(kind)"
                }
            let isLink = if case .hardlink = entry.kind { true } else { false }
            let names = isLink ? [] : entry.xattrs.keys.sorted()
            return
                "\(entry.path.isEmpty ? "." : entry.path) \(String(entry.mode, radix: 8)) \(entry.mtime) \(kind)"
                + (names.isEmpty ? "" : " [\(names.joined(separator: " "))]")
        }
    }

    /// An index keeps a file's attributes with one of its names, which need not be the first.
    @Test(arguments: [false, true])
    func `takes capabilities from every name of a file`(originalIsLast: Bool) throws {
        let digest = Digest(of: "ping")
        let (first, second) = originalIsLast ? ("b", "a") : ("a", "b")
        let found = try lines(
            [
                Self.file(first, 0o755, "ping", xattrs: ["security.capability": [1], "user.note": [2]]),
                Entry(
                    path: second,
                    kind: .hardlink(target: first, size: 4, digest: digest),
                    mode: 0o755,
                    mtime: 7
                ),
            ].sorted { $0.path < $1.path }
        )
        #expect(found == ["a 755 7 file of /spool/a [user.note]", "b 755 7 link to a"])
    }

    @Test func `privileges go, but for programs that are named, under any of their names`() throws {
        let entries = [
            Self.folder(""), Self.folder("usr"), Self.folder("usr/bin"),
            Self.folder("usr/local", 0o2775, gid: 50),
            Self.file("usr/bin/passwd", 0o4755, "passwd"), Self.file("usr/bin/wall", 0o2755, "wall"),
            Self.file("usr/bin/ping", 0o755, "ping", xattrs: ["security.capability": [1], "user.note": [2]]),
            Self.file("usr/bin/sudo", 0o4755, "sudo"), Self.file("usr/bin/ls", 0o755, "ls"),
            Entry(path: "bin", kind: .symlink(target: "usr/bin"), mode: 0o777),
        ]
        #expect(
            try lines(entries, HardeningDefinition(keptSetuid: ["/bin/sudo", "/usr/bin/none"])) == [
                ". 755 7 folder", "usr 755 7 folder", "usr/bin 755 7 folder",
                "usr/bin/passwd 755 7 file of /spool/usr/bin/passwd",
                "usr/bin/ping 755 7 file of /spool/usr/bin/ping [user.note]",
                "usr/bin/wall 755 7 file of /spool/usr/bin/wall",
            ]
        )
    }

    @Test func `names of one file stay names of one file`() throws {
        let digest = Digest(of: "su")
        let entries = [
            Self.folder(""), Self.file("su", 0o4755, "su"),
            Entry(path: "a", kind: .hardlink(target: "su", size: 2, digest: digest), mode: 0o4755, mtime: 7),
            // Its other name was replaced by another file since.
            Entry(path: "b", kind: .hardlink(target: "c", size: 2, digest: digest), mode: 0o4755, mtime: 7),
            Self.file("c", 0o755, "other"),
        ]
        #expect(
            try lines(entries) == [
                ". 755 7 folder", "a 755 7 file of /spool/a", "b 755 7 file of /spool/b",
                "su 755 7 link to a",
            ]
        )
        #expect(try lines(entries, HardeningDefinition(keptSetuid: ["/a", "/b"])).isEmpty)
    }

    @Test func `nothing is everybody's to write but folders where each keeps to its own`() throws {
        let entries = [
            Self.folder(""), Self.folder("tmp", 0o1777), Self.folder("drop", 0o777),
            Self.file("drop/x", 0o666, "x"),
            Entry(path: "pipe", kind: .fifo, mode: 0o622), Self.file("kept", 0o4757, "k"),
        ]
        #expect(
            try lines(entries, HardeningDefinition(keptSetuid: ["/kept"])) == [
                ". 755 7 folder", "drop 1777 7 folder", "drop/x 664 7 file of /spool/drop/x",
                "kept 4755 7 file of /spool/kept", "pipe 620 0 fifo",
            ]
        )
    }

    @Test func `passwords are locked and system users have no shell`() {
        let accounts = AccountFiles(
            passwd: """
                root::0:0:root:/root:/bin/bash
                daemon:x:1:1::/:/usr/sbin/nologin
                sync:x:4:65534::/bin:/bin/sync
                old:$6$salt$hash:33:33::/:/bin/false
                shop:x:10001:10001::/srv:/bin/sh
                nobody:x:65534:65534::/:/bin/sh
                +nis
                # a note

                """,
            group: "root:x:0:\nstaff:secret:50:\n",
            shadow: "root:$y$hash:1:0:99999:7:::\nsync:*:1:0:99999:7:::\nshop:!:1::::::\nopen::1::::::\n",
            gshadow: "root:*::\nstaff:hash::\nfree:::\n"
        )
        let locked = accounts.locked
        #expect(
            locked.passwd == """
                root:*:0:0:root:/root:/bin/bash
                daemon:x:1:1::/:/usr/sbin/nologin
                sync:x:4:65534::/bin:/usr/sbin/nologin
                old:*:33:33::/:/bin/false
                shop:x:10001:10001::/srv:/bin/sh
                nobody:x:65534:65534::/:/usr/sbin/nologin
                +nis
                # a note

                """
        )
        #expect(locked.group == "root:x:0:\nstaff:*:50:\n")
        #expect(
            locked.shadow
                == "root:!:1:0:99999:7:::\nsync:*:1:0:99999:7:::\nshop:!:1::::::\nopen:!:1::::::\n"
        )
        #expect(locked.gshadow == "root:*::\nstaff:!::\nfree:::\n")
        #expect(locked.locked == locked)
    }

    @Test(arguments: [
        ("UMASK\t\t022\nUID_MIN 1000\n", "UMASK\t\t027\nUID_MIN 1000\n"), ("A 1\n", "A 1\nUMASK\t\t027\n"),
        ("#UMASK 077\nUMASK 027\n", "#UMASK 077\nUMASK 027\n"),
    ])
    func `new files and homes are not for others`(_ before: String, _ after: String) throws {
        #expect(LoginDefinitions.withStrictMask(before) == after)
    }

    @Test func `jobs that nothing runs go, those of a daemon stay`() throws {
        let jobs = [
            Self.folder(""), Self.folder("etc"), Self.folder("etc/cron.daily"),
            Self.file("etc/cron.daily/apt", 0o4755, "x"), Self.folder("var"), Self.folder("var/spool"),
            Self.folder("var/spool/cron"),
        ]
        #expect(
            try lines(jobs) == [
                ". 755 7 folder", "etc 755 7 folder", "etc/.wh.cron.daily 0 0 file(size: 0)",
                "var 755 7 folder",
                "var/spool 755 7 folder", "var/spool/.wh.cron 0 0 file(size: 0)",
            ]
        )
        let daemon = [Self.folder("usr"), Self.folder("usr/sbin"), Self.file("usr/sbin/cron", 0o755, "c")]
        #expect(try lines(jobs + daemon).contains { $0.contains(".wh.") } == false)
    }

    @Test func `the package manager goes, and what is installed stays on record`() throws {
        let info = "var/lib/dpkg/info/"
        let entries = [
            Self.folder(""), Self.folder("usr"), Self.folder("usr/bin"), Self.file("usr/bin/apt", 0o755, "a"),
            Self.file("usr/bin/dpkg", 0o4755, "d"), Self.file("usr/bin/curl", 0o755, "c"),
            Entry(path: "bin", kind: .symlink(target: "usr/bin"), mode: 0o777), Self.folder("var"),
            Self.folder("var/lib"), Self.folder("var/lib/apt"), Self.file("var/lib/apt/x", 0o644, "x"),
            Self.folder("var/lib/dpkg"), Self.file("var/lib/dpkg/status", 0o644, "s"),
            Self.folder("var/lib/dpkg/info"), Self.file(info + "format", 0o644, "1"),
            Self.file(info + "apt.list", 0o644, "l"), Self.file(info + "dpkg.list", 0o644, "l"),
            Self.file(info + "curl.list", 0o644, "l"), Self.file(info + "curl.postinst", 0o755, "p"),
            Self.file(info + "libapt-pkg6.0:amd64.md5sums", 0o644, "m"),
        ]
        let texts = [
            info + "apt.list": "/.\n/usr\n/usr/bin\n/usr/bin/apt\n/usr/share/doc/apt/copyright\n/gone\n",
            info + "dpkg.list": "/bin\n/bin/dpkg\n",
            "var/lib/dpkg/status":
                "Package: apt\nVersion: 1\n\nPackage: curl\nVersion: 2\n\nPackage: dpkg\nVersion: 3\n",
        ]
        let told = try lines(entries, texts: texts, HardeningDefinition(packageManager: .remove))
        #expect(
            told.filter { $0.contains(".wh.") }.map { $0.prefix { $0 != " " } } == [
                "usr/bin/.wh.apt", "usr/bin/.wh.dpkg", "var/lib/.wh.apt", "var/lib/dpkg/info/.wh.apt.list",
                "var/lib/dpkg/info/.wh.curl.postinst", "var/lib/dpkg/info/.wh.dpkg.list",
                "var/lib/dpkg/info/.wh.libapt-pkg6.0:amd64.md5sums",
            ]
        )
        #expect(
            told.contains(#"var/lib/dpkg/status 644 7 text "Package: curl\nVersion: 2\n""#),
            "\(told)"
        )
        #expect(!told.contains { $0.hasPrefix("usr/bin/dpkg ") })
    }

    /// Through real layers: a step of the bake makes what the profile takes out.
    @Test func `ends each image that adds something, and is left out where there is nothing to do`()
        async throws
    {
        try await Sandbox.with { sandbox in
            var bakery = try await Bakery.withBusybox(sandbox.path.appending("one"), home: sandbox.home)
            bakery.definition.images["tools"]?.profile = .hardened
            try bakery.write(
                "mkdir -p /opt/made\ncp /bin/busybox /opt/made/tool\n/bin/busybox chmod 6755 /opt/made/tool\n"
                    + "/bin/busybox ln /opt/made/tool /opt/made/again\n/bin/busybox mkdir -m 777 /opt/open\n",
                to: "install.sh"
            )
            let images = try await bakery.bake()
            #expect(images[0].layers.map(\.kind) == [.files])
            #expect(images[1].layers.map(\.kind) == [.files, .files, .step, .hardening])
            let root = try #require(try bakery.root(of: images[1]))
            #expect(root.lookup("opt/made/tool")?.mode == 0o755)
            #expect(root.lookup("opt/made/again")?.mode == 0o755)
            #expect(root.lookup("opt/made/again")?.digest == root.lookup("bin/busybox")?.digest)
            #expect(root.lookup("opt/open")?.mode == 0o1777)
            let runtime = try bakery.config(of: images[1]).config?.labels?[ImageRuntime.label]
            #expect(runtime?.contains(#""profile":"hardened""#) == true)
            let again = try await bakery.bake()
            #expect(again.map(\.manifest) == images.map(\.manifest))
            #expect(again.allSatisfy { $0.isCached })
            #expect(try bakery.leftovers == [])
        }
    }
}
