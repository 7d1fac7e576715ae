import BenchmarkCommands

/// What a database of advisories costs: to open, and to hold against what is kept of many images.
extension Workbench {
    /// The data of the tests: Debian's, Go's, Python's, Node's and Rust's advisories, and what is known to be exploited.
    static let fixtures =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
        + "/Tests/KilnAdvisoriesTests/Fixtures"

    /// Takes the tests' advisories into a home.
    func importAdvisories(into home: String, in project: String) throws {
        let files = "'\(Self.fixtures)'/*.osv.jsonl.zst '\(Self.fixtures)'/kev-*.txt.zst"
        try kiln("db import \(files)", in: project, home: home).run()
    }

    /// A thousand images of a real server's 152 packages, whose versions differ in each, so that none is judged for another;
    /// goal: at most 1 s for all. Opening the database: at most 5 ms more than a start of kiln.
    func manyInventories() throws -> [Row] {
        try project(
            "many",
            """
            zstd -qdc '\(Self.fixtures)'/dpkg-status.bookworm-12.15-server.zst > status
            echo 'kiln: 1
            images:' > kiln.yaml
            for image in $(seq 1000); do
              mkdir -p root/$image/etc root/$image/var/lib/dpkg
              printf 'ID=debian\\nVERSION_ID=12\\n' > root/$image/etc/os-release
              sed "s/^Version: .*/&+k$image/" status > root/$image/var/lib/dpkg/status
              echo "  image-$image: {from: scratch, files: [{source: root/$image, target: /}]}" >> kiln.yaml
            done
            """
        )
        try importAdvisories(into: "many-home", in: "many")
        for line in ["lock", "bake", "affected CVE-2023-4911"] {
            try kiln(line, in: "many", home: "many-home").run()
        }
        let start = Comparison.Side(
            name: "kiln --version",
            timed: kiln("--version", in: "many", home: "many-home")
        )
        return try Comparison(
            title: "database opened and told of (kiln db show)",
            rounds: rounds ?? 5,
            ours: Comparison.Side(name: "kiln", timed: kiln("db show", in: "many", home: "many-home")),
            peers: [start]
        ).run()
            + Comparison(
                title: "1,000 inventories of 152 packages, no two alike, re-matched (kiln affected CVE)",
                rounds: rounds ?? 5,
                ours: Comparison.Side(
                    name: "kiln",
                    timed: kiln("affected CVE-2024-5535", in: "many", home: "many-home")
                )
            ).run()
    }
}
