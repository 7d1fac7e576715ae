import BenchmarkCommands

/// 300 MB in 10,000 files, half random, half text, to a compressed blob: tar, two digests and compression in one pass.
extension Workbench {
    func largeLayer(compression: String) throws -> [Row] {
        try project("large", "[ -e data ] || python3 '\(Self.filesScript)' data 10000 31457")
        let project = "large-\(compression)"
        try self.project(
            project,
            """
            ln -sfn ../large/data data
            printf 'kiln: 1\\ncompression: \(compression)\\nimages:\\n  data: {from: scratch, files: [{source: data, target: /data}]}\\n' > kiln.yaml
            """
        )
        try kiln("lock", in: project, home: "layer-home").run()
        return try Comparison(
            title: "300 MB layer of 10,000 files, \(compression)",
            rounds: rounds ?? 3,
            ours: Comparison.Side(
                name: "kiln",
                prepare: command("rm -rf ../layer-home", in: project),
                timed: kiln("bake", in: project, home: "layer-home")
            ),
            peers: try buildahPush(compression, in: project)
                + (compression == "zstd" ? [tarAndZstd(in: project)] : try umociInsert(in: project))
        ).run()
    }

    /// From its own store, where the files lie in a tree; what it took to get them there is not counted.
    private func buildahPush(_ compression: String, in project: String) throws -> [Comparison.Side] {
        guard has("buildah") else { return [] }
        let buildah =
            "buildah --root '\(folder)/buildah-large' --runroot '\(folder)/buildah-large-run' --storage-driver vfs"
        try command(
            """
            [ ! -e '\(folder)/buildah-large' ] || exit 0
            c=$(\(buildah) from scratch); \(buildah) copy $c data/ /data; \(buildah) commit $c large; \(buildah) rm $c
            """,
            in: project
        ).run()
        return [
            Comparison.Side(
                name: "buildah push",
                prepare: command("rm -rf pushed", in: project),
                timed: command(
                    "\(buildah) push --compression-format \(compression) large oci:pushed:large",
                    in: project
                )
            )
        ]
    }

    private func tarAndZstd(in project: String) -> Comparison.Side {
        Comparison.Side(
            name: "tar \\| zstd -3 -T2 (no digests)",
            prepare: command("rm -f data.tar.zst", in: project),
            timed: command("tar --sort=name -C data -cf - . | zstd -q -3 -T2 -o data.tar.zst", in: project)
        )
    }

    private func umociInsert(in project: String) throws -> [Comparison.Side] {
        guard has("umoci") else { return [] }
        return [
            Comparison.Side(
                name: "umoci insert",
                prepare: command(
                    "rm -rf layout; umoci init --layout layout; umoci new --image layout:large",
                    in: project
                ),
                timed: command("umoci insert --image layout:large \"$(readlink -f data)\" /data", in: project)
            )
        ]
    }
}
