/// What is measured; each case names the peer that does the same work.
extension Workbench {
    var buildah: String {
        "buildah --root '\(folder)/buildah' --runroot '\(folder)/buildah-run' --storage-driver vfs"
    }

    func cases(rounds: Int) throws -> [Pair] {
        try kiln("lock", in: "app").run()
        try kiln("bake", in: "app").run()
        return [
            noOpBake(rounds), oneFileRebuild(rounds), try coldBase(max(1, rounds / 3)),
            try instanceStart(rounds),
        ]
    }

    private func buildahBuild(_ prepare: String? = nil) -> Pair.Side? {
        guard has("buildah") else { return nil }
        return Pair.Side(
            name: "buildah",
            prepare: prepare.map { command($0, in: "app") },
            timed: command("\(buildah) bud --isolation chroot --layers -t bench .", in: "app")
        )
    }

    private func noOpBake(_ rounds: Int) -> Pair {
        _ = try? buildahBuild()?.timed.run()
        return Pair(
            title: "no-op bake, 4 layers",
            rounds: rounds,
            ours: Pair.Side(name: "kiln", prepare: nil, timed: kiln("bake", in: "app")),
            peer: buildahBuild()
        )
    }

    private func oneFileRebuild(_ rounds: Int) -> Pair {
        let change = "date +%s%N > site/index.html"
        return Pair(
            title: "app layer after one file changed",
            rounds: rounds,
            ours: Pair.Side(
                name: "kiln",
                prepare: command(change, in: "app"),
                timed: kiln("bake", in: "app")
            ),
            peer: buildahBuild(change)
        )
    }

    /// Packages are fetched already, on both sides.
    private func coldBase(_ rounds: Int) throws -> Pair {
        try kiln("lock", in: "base", home: "fetched").run()
        let fresh =
            "rm -rf '\(folder)/cold' && mkdir '\(folder)/cold' && cp -rl '\(folder)/fetched/packages' '\(folder)/cold/packages'"
        let debs = """
            mkdir -p '\(folder)/debs'; for deb in '\(folder)'/fetched/packages/*; do [ -f "$deb" ] || continue; \
            name=$(dpkg-deb -W --showformat='${Package}_${Version}_${Architecture}.deb' "$deb" 2>/dev/null) || continue; \
            ln -f "$deb" "'\(folder)'/debs/$(echo "$name" | sed 's/:/%3a/')" ; done
            """.replacing("\"'\(folder)'", with: "\"\(folder)")
        let hook =
            "mkdir -p \"$1/var/cache/apt/archives\" && cp '\(folder)'/debs/*.deb \"$1/var/cache/apt/archives/\""
        try command(
            "printf '%s\\n' '#!/bin/sh' 'set -e' '\(hook.replacing("'", with: ""))' > '\(folder)/hook'; chmod 755 '\(folder)/hook'",
            in: "base"
        ).run()
        let mmdebstrap = """
            SOURCE_DATE_EPOCH=0 mmdebstrap --quiet --variant=minbase --setup-hook='\(folder)/hook "$1"' \
            --skip=download/empty --skip=essential/unlink bookworm '\(folder)/minbase.tar'
            """
        return Pair(
            title: "minimal Debian root, packages fetched",
            rounds: rounds,
            ours: Pair.Side(
                name: "kiln",
                prepare: command(fresh, in: "base"),
                timed: kiln("bake", in: "base", home: "cold")
            ),
            peer: has("mmdebstrap")
                ? Pair.Side(
                    name: "mmdebstrap",
                    prepare: command(debs, in: "base"),
                    timed: command(mmdebstrap, in: "base")
                )
                : nil
        )
    }

    /// A whole deploy of one instance, with its balancer-less fleet, network and supervisor, beside a bare container.
    private func instanceStart(_ rounds: Int) throws -> Pair {
        let bundle = "\(folder)/bundle"
        let configuration = """
            mkdir -p '\(bundle)' && cd '\(bundle)' && rm -rf rootfs && cp -r '\(folder)/app/root' rootfs && \
            runc spec && python3 -c "import json; p = 'config.json'; v = json.load(open(p)); v['process']['terminal'] = False; \
            v['process']['args'] = ['/bin/busybox', 'true']; v['process'].pop('rlimits', None); json.dump(v, open(p, 'w'))"
            """.replacing("&& rm -rf rootfs", with: "&& rm -rf rootfs config.json")
        if has("runc") { try command(configuration, in: "app").run() }
        return Pair(
            title: "deploy of a first instance / bare runc run",
            rounds: rounds,
            ours: Pair.Side(
                name: "kiln",
                prepare: kiln("destroy app >/dev/null 2>&1 || true", in: "app"),
                timed: kiln("deploy app", in: "app")
            ),
            peer: has("runc")
                ? Pair.Side(
                    name: "runc run",
                    prepare: nil,
                    timed: BenchmarkCommand(
                        line: "runc --root '\(folder)/runc' run kiln-bench-bare",
                        folder: bundle
                    )
                )
                : nil
        )
    }
}
