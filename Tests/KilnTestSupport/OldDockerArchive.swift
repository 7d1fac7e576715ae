import KilnSystem
package import SystemPackage

/// What `docker save` wrote up to Docker 24: a folder for each layer, with `VERSION`, `json` and `layer.tar`, and `repositories`.
package enum OldDockerArchive {
    /// Of `shop:1`, whose layers are a root with two packages of Debian's, a file, and that file's layer again: the same content,
    /// for which there is a link. `.gz` is put behind the name of a compressed one.
    package static func make(in folder: FilePath, compressed: Bool = false) async throws -> FilePath {
        let name = compressed ? "old.tar.gz" : "old.tar"
        try await ToolRunner().run(
            ToolInvocation("python3", ["-c", script, name], workingDirectory: folder)
        )
        return folder.appending(name)
    }

    private static let script = """
        import hashlib, io, json, sys, tarfile

        def member(tar, name, content=None, link=None, folder=False):
            info = tarfile.TarInfo(name)
            info.mtime, info.mode = 1700000000, 0o755 if folder else 0o644
            if folder: info.type = tarfile.DIRTYPE
            if link: info.type, info.linkname = tarfile.SYMTYPE, link
            info.size = len(content or b"")
            tar.addfile(info, io.BytesIO(content or b""))

        def layer(files):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
                for name, text in files.items(): member(tar, name, text.encode())
            return out.getvalue()

        def package(name, version):
            return f"Package: {name}\\nStatus: install ok installed\\nArchitecture: amd64\\nVersion: {version}\\n\\n"

        base = layer({"etc/os-release": 'ID=debian\\nVERSION_ID="12"\\nVERSION_CODENAME=bookworm\\n',
            "var/lib/dpkg/status": package("libssl3", "3.0.11-1~deb12u2") + package("tar", "1.34+dfsg-1.2")})
        app = layer({"opt/six-1.16.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: six\\nVersion: 1.16.0\\n"})
        layers = [base, app, app]
        made = ["/bin/sh -c #(nop) ADD file:0 in / ", "/bin/sh -c #(nop) COPY six /opt ", "/bin/sh -c #(nop) COPY six /opt "]
        config = json.dumps({"architecture": "amd64", "os": "linux", "created": "2023-11-14T22:13:20Z",
            "docker_version": "20.10.24", "container": "0" * 64, "config": {"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["sh"]},
            "history": [{"created": "2023-11-14T22:13:20Z", "created_by": text} for text in made],
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(l).hexdigest() for l in layers]}}).encode()
        image = hashlib.sha256(config).hexdigest()
        names = [hashlib.sha256(b"%d" % i + l).hexdigest() for i, l in enumerate(layers)]

        with tarfile.open(sys.argv[1], "w:gz" if sys.argv[1].endswith(".gz") else "w", format=tarfile.PAX_FORMAT) as tar:
            for i, name in enumerate(names):
                member(tar, name + "/", folder=True)
                member(tar, name + "/VERSION", b"1.0")
                member(tar, name + "/json", json.dumps({"id": name, "os": "linux", **({"parent": names[i - 1]} if i else {})}).encode())
                if i == 2: member(tar, name + "/layer.tar", link=f"../{names[1]}/layer.tar")
                else: member(tar, name + "/layer.tar", layers[i])
            member(tar, image + ".json", config)
            member(tar, "manifest.json", json.dumps([{"Config": image + ".json", "RepoTags": ["shop:1"],
                "Layers": [name + "/layer.tar" for name in names]}]).encode())
            member(tar, "repositories", json.dumps({"shop": {"1": names[-1]}}).encode())
        """
}
