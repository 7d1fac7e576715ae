import BenchmarkCommands

/// A root file system of Debian's own packages, and what a new version of one of them costs.
extension Workbench {
    /// Packages are fetched already, on both sides.
    func debianRoot() throws -> [Row] {
        try project(
            "base",
            """
            cat > kiln.yaml <<'END'
            kiln: 1
            archives:
              debian: {mirror: host, suites: [bookworm, bookworm-updates, bookworm-security]}
            images:
              base: {from: "archive:debian"}
            END
            """
        )
        try kiln("lock", in: "base", home: "fetched").run()
        let fresh = """
            rm -rf '\(folder)/cold' && mkdir '\(folder)/cold' && \
            cp -rl '\(folder)/fetched/packages' '\(folder)/cold/packages'
            """
        return try Comparison(
            title: "minimal Debian root, packages fetched",
            rounds: rounds ?? 2,
            ours: Comparison.Side(
                name: "kiln",
                prepare: command(fresh, in: "base"),
                timed: kiln("bake", in: "base", home: "cold")
            ),
            peers: has("mmdebstrap") ? [try mmdebstrap()] : []
        ).run()
    }

    private func mmdebstrap() throws -> Comparison.Side {
        try nameDebs(from: "fetched", into: "debs")
        try project(
            "base",
            """
            cat > '\(folder)/hook' <<'END'
            #!/bin/sh
            set -e
            mkdir -p "$1/var/cache/apt/archives"
            cp \(folder)/debs/*.deb "$1/var/cache/apt/archives/"
            END
            chmod 755 '\(folder)/hook'
            """
        )
        return Comparison.Side(
            name: "mmdebstrap",
            timed: command(
                """
                SOURCE_DATE_EPOCH=0 mmdebstrap --quiet --variant=minbase --setup-hook='\(folder)/hook "$1"' \
                --skip=download/empty --skip=essential/unlink bookworm '\(folder)/minbase.tar'
                """,
                in: "base"
            )
        )
    }

    /// Links a home's packages into a folder, by the names that apt gives them.
    func nameDebs(from home: String, into target: String) throws {
        try shell(
            """
            mkdir -p '\(folder)/\(target)'; cd '\(folder)/\(home)/packages'
            for deb in $(find . -type f); do
              name=$(dpkg-deb -W --showformat='${Package}_${Version}_${Architecture}.deb' "$deb" 2>/dev/null) || continue
              ln -f "$deb" "\(folder)/\(target)/$(echo "$name" | sed 's/:/%3a/')"
            done
            """
        )
    }
}
