import BenchmarkCommands

/// What a lock costs that finds nothing new, and what one fixed library costs: layers and bytes.
extension Workbench {
    /// Three images of Debian's packages in an archive of our own, so that a package can move when we say so.
    func relock() throws -> [Row] {
        try makeArchive()
        try kiln("lock", in: "fix", home: "fix-home").run()
        try kiln("bake", in: "fix", home: "fix-home").run()
        let before = try layers()
        let rounds = rounds ?? 3
        let nothing = try Comparison(
            title: "re-lock and bake, nothing moved",
            rounds: rounds,
            ours: Comparison.Side(
                name: "kiln",
                timed: command(
                    "export KILN_HOME='\(folder)/fix-home'; '\(kiln)' lock --update; exec '\(kiln)' bake",
                    in: "fix"
                )
            )
        ).run()
        let same = try layers()
        try publishFix()
        let fix = try Comparison(
            title: "a fix of libssl3, --update and bake",
            rounds: 1,
            ours: Comparison.Side(
                name: "kiln",
                timed: command(
                    "export KILN_HOME='\(folder)/fix-home'; '\(kiln)' lock --update; exec '\(kiln)' bake",
                    in: "fix"
                )
            )
        ).run()
        let after = try layers()
        return nothing.map { $0.adding(moved(before, same)) } + fix.map { $0.adding(moved(same, after)) }
    }

    /// The layers of the topmost image: digest and size, one a line.
    private func layers() throws -> [Substring: Int] {
        let script = """
            import json, os, sys
            blobs = "../fix-home/images/blobs/sha256/"
            digest = sys.stdin.read().split()[-1].split(":")[-1]
            for layer in json.load(open(blobs + digest))["layers"]: print(layer["digest"], layer["size"])
            """
        let text = try command(
            "env KILN_HOME='\(folder)/fix-home' '\(kiln)' bake app | python3 -c '\(script)'",
            in: "fix"
        ).output()
        var layers: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let size = Int(words[1]) { layers[words[0]] = size }
        }
        return layers
    }

    /// What a registry that has the earlier layers would be sent.
    private func moved(_ before: [Substring: Int], _ after: [Substring: Int]) -> String {
        let new = after.filter { before[$0.key] == nil }
        func megabytes(_ layers: [Substring: Int]) -> String {
            fixed(Double(layers.values.reduce(0, +)) / 1e6, 2)
        }
        return "\(new.count) of \(after.count) layers new, \(megabytes(new)) of \(megabytes(after)) MB"
    }

    private func makeArchive() throws {
        let definition = """
            cat > kiln.yaml <<'END'
            kiln: 1
            archives:
              debian: {mirror: MIRROR}
            images:
              base: {from: "archive:debian"}
              runtime: {from: "image:base", packages: [openssl]}
              app: {from: "image:runtime", files: [{source: app, target: /opt/app}]}
            END
            mkdir -p app; echo 1 > app/version
            """
        let host = "host, suites: [bookworm, bookworm-updates, bookworm-security]"
        try project("fix", definition.replacing("MIRROR", with: host))
        try kiln("lock", in: "fix", home: "fix-home").run()
        try nameDebs(from: "fix-home", into: "archive/pool")
        try shell(
            """
            mkdir -p -m 700 '\(folder)/gpg'; export GNUPGHOME='\(folder)/gpg'
            gpg --batch --quiet --passphrase '' --quick-gen-key bench@example.org ed25519 sign never
            gpg --batch --export bench@example.org > '\(folder)/key.gpg'; gpgconf --kill all
            """
        )
        try publish()
        let own = "\"file://\(folder)/archive\", suites: [bench], keyring: \(folder)/key.gpg"
        try project("fix", "rm kiln.lock\n" + definition.replacing("MIRROR", with: own))
    }

    /// The same libssl3, one version up.
    private func publishFix() throws {
        try shell(
            """
            cd '\(folder)'; rm -rf libssl3; dpkg-deb -R archive/pool/libssl3_*.deb libssl3
            sed -i 's/^Version: .*/&+fix1/' libssl3/DEBIAN/control
            SOURCE_DATE_EPOCH=1700000000 dpkg-deb --root-owner-group -Zxz -z1 -b libssl3 archive/pool
            """
        )
        try publish()
    }

    private func publish() throws {
        try shell(
            """
            cd '\(folder)/archive'; export GNUPGHOME='\(folder)/gpg'
            mkdir -p dists/bench/main/binary-amd64
            apt-ftparchive packages pool > dists/bench/main/binary-amd64/Packages
            apt-ftparchive -o APT::FTPArchive::Release::Suite=bench -o APT::FTPArchive::Release::Codename=bench \
            -o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures=amd64 \
            release dists/bench > Release
            gpg --batch --yes --quiet --clearsign -o dists/bench/InRelease Release; rm Release; gpgconf --kill all
            """
        )
    }
}
