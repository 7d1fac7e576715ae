import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// A web server made of one static binary: two layers, a user, a folder with its own mode, a symlinked folder.
enum BusyboxImage {
    static let busybox: FilePath = "/bin/busybox"

    /// The manifest's digest.
    static func store(
        in images: ImageStore,
        entrypoint: [String]? = nil,
        tree: FilePath? = nil
    ) async throws -> Digest {
        try images.prepare()
        let base = try await images.ingestLayer(encoding: .zstd()) { try layBase(&$0) }
        let site = try await images.ingestLayer(encoding: .gzip()) { try laySite(&$0) }
        var layers = [base, site]
        if let tree {
            layers.append(
                try await images.ingestLayer(encoding: .gzip()) {
                    try LayerDiff.write(tree: tree, form: .plain, epoch: 1_700_000_000, to: &$0)
                }
            )
        }
        var config = ImageConfig(platform: .host, diffIDs: layers.map(\.diffID))
        var execution = ImageConfig.Execution()
        execution.user = "web"
        execution.env = ["PATH=/bin", "GREETING=overridden", "FROM_IMAGE=yes"]
        execution.entrypoint = entrypoint ?? ["/bin/sh", "/srv/start"]
        config.config = execution
        let blob = try images.put(try CanonicalJSON.encode(config), mediaType: .config)
        let manifest = ImageManifest(config: blob, layers: layers.map(\.descriptor))
        return try images.put(try CanonicalJSON.encode(manifest), mediaType: .manifest).digest
    }

    private static let commands = [
        "cat", "date", "dd", "echo", "env", "grep", "head", "hostname", "httpd", "id", "kill", "ls", "mkdir",
        "mount", "nc", "ps", "seq", "sh", "sleep", "test", "touch", "umount", "unshare", "wget", "yes",
    ]

    private static func layBase(_ writer: inout LayerWriter) throws {
        for folder in ["bin", "etc", "lib", "var", "var/lib"] {
            try writer.append(TarEntry(path: folder, kind: .directory, mode: 0o755))
        }
        try writer.append(TarEntry(path: "var/lib/web", kind: .directory, mode: 0o750))
        let size = Files.facts(busybox, followingSymlinks: true)?.size ?? 0
        let binary = TarEntry(path: "bin/busybox", kind: .file(size: size), mode: 0o755)
        try writer.append(binary, contentsOf: busybox)
        for command in commands {
            try writer.append(
                TarEntry(path: "bin/\(command)", kind: .symlink(target: "busybox"), mode: 0o777)
            )
        }
        try file(&writer, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/srv:/bin/sh\n")
        try file(&writer, "etc/group", "root:x:0:\nweb:x:1000:\nextra:x:1234:web\n")
    }

    private static func laySite(_ writer: inout LayerWriter) throws {
        for folder in ["srv", "srv/www", "srv/www/cgi-bin"] {
            try writer.append(TarEntry(path: folder, kind: .directory, mode: 0o755))
        }
        try file(&writer, "srv/www/index.html", "hello\n")
        try file(&writer, "srv/www/cgi-bin/name", cgi("hostname"), mode: 0o755)
        try file(&writer, "srv/www/cgi-bin/slow", slow, mode: 0o755)
        try file(
            &writer,
            "srv/www/cgi-bin/broken",
            "#!/bin/sh\necho 'Status: 500 Broken'\necho\n",
            mode: 0o755
        )
        try file(&writer, "srv/start", start, mode: 0o755)
    }

    /// A first process that heeds SIGTERM, as every server should.
    private static let start = """
        echo starting as $(id -u)
        echo a complaint >&2
        trap 'echo stopping; kill $server; exit 0' TERM
        httpd -f -p 8080 -h /srv/www &
        server=$!
        wait

        """

    /// Answers once somebody has written `go` into the volume.
    private static let slow = """
        #!/bin/sh
        while ! test -e /var/lib/web/go; do sleep 0.1; done
        echo 'Content-Type: text/plain'
        echo
        hostname

        """

    private static func cgi(_ script: String) -> String {
        "#!/bin/sh\necho 'Content-Type: text/plain'\necho\n\(script)\n"
    }

    private static func file(
        _ writer: inout LayerWriter,
        _ path: String,
        _ text: String,
        mode: UInt32 = 0o644
    ) throws {
        let entry = TarEntry(path: path, kind: .file(size: Int64(text.utf8.count)), mode: mode)
        try writer.append(entry, content: Array(text.utf8))
    }
}
