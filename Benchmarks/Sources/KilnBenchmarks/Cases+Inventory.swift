import BenchmarkCommands

/// What an image holds: read the first time, and again.
extension Workbench {
    /// An image of some 150 packages and 230 MB. syft reads the same image from an OCI layout.
    func inventory() throws -> [Row] {
        try project(
            "server",
            """
            cat > kiln.yaml <<'END'
            kiln: 1
            archives:
              debian: {mirror: host, suites: [bookworm, bookworm-updates, bookworm-security]}
            images:
              server: {from: "archive:debian", packages: [openssl, curl, python3, openssh-server, nginx]}
            END
            """
        )
        try kiln("lock", in: "server", home: "server-home").run()
        try kiln("bake", in: "server", home: "server-home").run()
        try importAdvisories(into: "server-home", in: "server")
        let sbom = kiln("sbom server -o bill.json", in: "server", home: "server-home")
        let forget = command(
            "cd '\(folder)/server-home'; rm -rf layers/*.inventory cache/inventories cache/secrets",
            in: "server"
        )
        let scan = kiln("scan server", in: "server", home: "server-home")
        let syft = Comparison.Side(
            name: "syft",
            timed: command(
                """
                exec env SYFT_CHECK_FOR_APP_UPDATE=false syft scan -q -o cyclonedx-json=bill.syft.json \
                oci-dir:'\(folder)/server-home/images'
                """,
                in: "server"
            )
        )
        let peers = has("syft") ? [syft] : []
        let cold = Comparison.Side(name: "kiln", prepare: forget, timed: sbom)
        let warm = Comparison.Side(name: "kiln", timed: sbom)
        return try Comparison(
            title: "bill of materials of a server image, read the first time",
            rounds: rounds ?? 3,
            ours: cold,
            peers: peers
        ).run()
            + Comparison(
                title: "the same, image known",
                rounds: rounds ?? 5,
                ours: warm
            ).run()
            + Comparison(
                title: "scan of it, with secrets, the first time",
                rounds: rounds ?? 3,
                ours: Comparison.Side(name: "kiln", prepare: forget, timed: scan)
            ).run()
            + Comparison(
                title: "scan of it, with secrets, image known",
                rounds: rounds ?? 5,
                ours: Comparison.Side(name: "kiln", timed: scan)
            ).run()
    }
}
