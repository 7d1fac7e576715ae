import BenchmarkCommands

/// Bakes of four layers, small and with a folder of 10,000 files, beside the same as a Dockerfile.
extension Workbench {
    private var buildah: String {
        "buildah --root '\(folder)/buildah' --runroot '\(folder)/buildah-run' --storage-driver vfs"
    }

    func noOpBake() throws -> [Row] {
        try makeApp("app")
        return try noOp("no-op bake, 4 layers", in: "app", rounds ?? 9)
    }

    func noOpBakeOfManyFiles() throws -> [Row] {
        try makeApp("many", files: 10_000)
        return try noOp("no-op bake, 10,000-file context", in: "many", rounds ?? 3)
    }

    func rebuild() throws -> [Row] {
        try makeApp("app")
        return try changeOfOneFile("rebuild after one file changed, 4 layers", in: "app", rounds ?? 9)
    }

    func rebuildOfManyFiles() throws -> [Row] {
        try makeApp("many", files: 10_000)
        return try changeOfOneFile(
            "rebuild after one of 10,000 files (40 MB) changed",
            in: "many",
            rounds ?? 3
        )
    }

    private func noOp(_ title: String, in project: String, _ rounds: Int) throws -> [Row] {
        try kiln("lock", in: project).run()
        try kiln("bake", in: project).run()
        let peer = buildahBuild(in: project)
        try peer?.timed.run()
        return try Comparison(
            title: title,
            rounds: rounds,
            ours: Comparison.Side(name: "kiln", timed: kiln("bake", in: project)),
            peers: peer.map { [$0] } ?? []
        ).run()
    }

    private func changeOfOneFile(_ title: String, in project: String, _ rounds: Int) throws -> [Row] {
        try kiln("lock", in: project).run()
        try kiln("bake", in: project).run()
        let change = "date +%s%N > site/index.html"
        let peer = buildahBuild(change, in: project)
        try peer?.timed.run()
        return try Comparison(
            title: title,
            rounds: rounds,
            ours: Comparison.Side(
                name: "kiln",
                prepare: command(change, in: project),
                timed: kiln("bake", in: project)
            ),
            peers: peer.map { [$0] } ?? []
        ).run()
    }

    private func buildahBuild(_ prepare: String? = nil, in project: String) -> Comparison.Side? {
        guard has("buildah") else { return nil }
        return Comparison.Side(
            name: "buildah",
            prepare: prepare.map { command($0, in: project) },
            timed: command("\(buildah) bud --isolation chroot --layers -t bench-\(project) .", in: project)
        )
    }

    /// An image of four layers, and the same as a Dockerfile, with this many more files of 4 KB in the last one.
    func makeApp(_ name: String, files: Int = 0) throws {
        try project(
            name,
            """
            [ ! -e kiln.yaml ] || exit 0
            mkdir -p site root/bin root/etc
            cp /bin/busybox root/bin/busybox; ln -sf busybox root/bin/sh
            printf 'root:x:0:0:root:/root:/bin/sh\\n' > root/etc/passwd; printf 'root:x:0:\\n' > root/etc/group
            tar -C root -cf root.tar .
            head -c 1048576 /dev/zero > site/data; echo 1 > site/index.html; echo 1 > one; echo 1 > two
            [ \(files) = 0 ] || python3 '\(Self.filesScript)' site \(files) 4096
            printf 'root\\n' > .dockerignore
            cat > kiln.yaml <<'END'
            kiln: 1
            images:
              root: {from: "tar:root.tar"}
              first: {from: "image:root", files: [{source: one, target: /one}]}
              second: {from: "image:first", files: [{source: two, target: /two}]}
              app: {from: "image:second", files: [{source: site, target: /www}], entrypoint: [/bin/busybox, sleep, "60"]}
            fleets:
              app: {image: app, instances: 1, rollout: {min_healthy: 0s, healthy_deadline: 5s, bake: 0s}}
            END
            cat > Dockerfile <<'END'
            FROM scratch
            ADD root.tar /
            COPY one /one
            COPY two /two
            COPY site /www
            END
            """
        )
    }

    /// Beside the sources of the benchmarks.
    static var filesScript: String {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(folder)/make-files.py"
    }
}
