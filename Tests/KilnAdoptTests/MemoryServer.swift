import KilnAdopt
import KilnArchive

/// A server that is only told of.
struct MemoryServer: ServerSource {
    var nodes: [ServerNode] = [ServerNode("", .directory, mode: 0o755)]
    var contents: [String: [UInt8]] = [:]
    var name = "memory"
    var isThisMachine: Bool { false }
    /// Where the second reading breaks off.
    var failsAt: String?

    struct Failure: Error {}

    func visit(below: [String]?, _ visitor: inout some ServerVisitor) throws {
        for node in nodes.sorted(by: { EntryPath.precedes($0.path, $1.path) }) {
            let isOfInterest =
                below.map { places in
                    places.contains {
                        EntryPath.isAt(node.path, orBelow: $0) || EntryPath.isAt($0, orBelow: node.path)
                    }
                } ?? true
            guard isOfInterest else { continue }
            if node.path == failsAt, below == nil { throw Failure() }
            let content =
                node.kind == .file && visitor.wants(node)
                ? contents[node.path].map { ServerContent(bytes: $0) } : nil
            try visitor.take(node, content)
        }
    }

    mutating func folder(_ path: String, mode: UInt32 = 0o755, uid: UInt32 = 0, gid: UInt32 = 0) {
        guard !path.isEmpty, !nodes.contains(where: { $0.path == path }) else { return }
        folder(EntryPath.split(path).parent)
        nodes.append(ServerNode(path, .directory, mode: mode, uid: uid, gid: gid))
    }

    mutating func file(
        _ path: String,
        _ text: String = "",
        mode: UInt32 = 0o644,
        uid: UInt32 = 0,
        gid: UInt32 = 0
    ) {
        folder(EntryPath.split(path).parent)
        let bytes = Array(text.utf8)
        nodes.append(ServerNode(path, .file, mode: mode, uid: uid, gid: gid, size: Int64(bytes.count)))
        contents[path] = bytes
    }

    mutating func link(_ path: String, _ target: String) {
        folder(EntryPath.split(path).parent)
        nodes.append(ServerNode(path, .symlink(target), mode: 0o777))
    }

    /// A package with files by path and content; conffiles are those below `etc`.
    mutating func package(
        _ name: String,
        _ files: [String: String],
        fields: String = "",
        changed: [String: String] = [:],
        deleted: Set<String> = []
    ) {
        let conffiles = files.filter { $0.key.hasPrefix("etc/") }
        var status =
            "Package: \(name)\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\n" + fields
        if !conffiles.isEmpty {
            status +=
                "Conffiles:\n"
                + conffiles.sorted { $0.key < $1.key }.map { " /\($0.key) \(Hex.md5($0.value))\n" }.joined()
        }
        append("var/lib/dpkg/status", status + "\n")
        var folders: Set<String> = []
        for path in files.keys {
            var parent = EntryPath.split(path).parent
            while !parent.isEmpty {
                folders.insert(parent)
                parent = EntryPath.split(parent).parent
            }
        }
        file(
            "var/lib/dpkg/info/\(name).list",
            (Array(folders) + files.keys).sorted().map { "/\($0)\n" }.joined()
        )
        let digests = files.filter { !$0.key.hasPrefix("etc/") }.sorted { $0.key < $1.key }
        file(
            "var/lib/dpkg/info/\(name).md5sums",
            digests.map { "\(Hex.md5($0.value))  \($0.key)\n" }.joined()
        )
        for (path, text) in files where !deleted.contains(path) { file(path, changed[path] ?? text) }
        // With the folder that it was in, and no other.
        for path in deleted { folder(EntryPath.split(EntryPath.split(path).parent).parent) }
    }

    mutating func append(_ path: String, _ text: String) {
        let bytes = (contents[path] ?? []) + Array(text.utf8)
        nodes.removeAll { $0.path == path }
        file(path, String(decoding: bytes, as: UTF8.self))
    }

    /// A small Debian with a server of pages, an application and its user, and what a machine gathers.
    static var shop: MemoryServer {
        var server = MemoryServer()
        server.file(
            "etc/os-release",
            "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian 12\"\n"
        )
        server.file("etc/apt/sources.list", "deb http://deb.example.org/debian bookworm main\n")
        server.package(
            "base-files",
            ["usr/share/base-files/x": "x", "etc/debian_version": "12\n"],
            fields: "Essential: yes\nPriority: required\n"
        )
        server.package(
            "nginx",
            [
                "usr/sbin/nginx": "ELF", "etc/nginx/nginx.conf": "plain\n",
                "usr/share/doc/nginx/README": "read\n",
                "usr/lib/systemd/system/nginx.service":
                    "[Service]\nType=forking\nExecStart=/usr/sbin/nginx\n",
            ],
            changed: ["etc/nginx/nginx.conf": "http { server { listen 8081; } }\n"],
            deleted: ["usr/share/doc/nginx/README"]
        )
        server.package("libnginx", ["usr/lib/libnginx.so": "lib"])
        server.append(
            "var/lib/apt/extended_states",
            "Package: libnginx\nArchitecture: amd64\nAuto-Installed: 1\n\n"
        )
        server.file(
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\nshop:x:999:999::/opt/shop:/usr/sbin/nologin\nalice:x:1000:1000::/home/alice:/bin/bash\n"
        )
        server.file("etc/group", "root:x:0:\nadm:x:4:shop\nshop:x:999:\nalice:x:1000:\n")
        server.file("etc/shadow", "root:*:1::::::\nalice:$6$salt$hash:1::::::\n", mode: 0o640)
        server.file(
            "etc/systemd/system/shop.service",
            "[Service]\nUser=shop\nWorkingDirectory=/opt/shop\nEnvironmentFile=/etc/shop/env\nExecStart=/opt/shop/run --port 8000\nStateDirectory=shop\n"
        )
        server.link(
            "etc/systemd/system/multi-user.target.wants/shop.service",
            "/etc/systemd/system/shop.service"
        )
        server.file("etc/shop/env", "LOG=info\nDB_PASSWORD=Tr0ub4dor-and-3\n", mode: 0o640)
        server.folder("opt")
        server.folder("opt/shop", uid: 999, gid: 999)
        server.file("opt/shop/run", "#!/bin/sh\n", mode: 0o755, uid: 999, gid: 999)
        server.file("opt/shop/lib/a.py", "a\n", uid: 999, gid: 999)
        server.file("opt/shop/lib/__pycache__/a.pyc", "pyc", uid: 999, gid: 999)
        server.file("opt/shop/uploads/1.jpg", "jpg", uid: 999, gid: 999)
        server.link("opt/shop/current", "lib")
        server.file("usr/local/bin/tool", "tool", mode: 0o755, gid: 4)
        server.file("var/lib/shop/data.bin", "data", uid: 999, gid: 999)
        server.file("var/log/shop.log", "log")
        server.file("home/alice/notes.txt", "notes", uid: 1000, gid: 1000)
        server.file("etc/cron.d/shop", "0 3 * * * shop /opt/shop/run --tidy\n")
        return server
    }
}

/// Digests as dpkg writes them.
enum Hex {
    static func md5(_ text: String) -> String { MD5(of: Array(text.utf8)).hex }
}
