import BenchmarkCommands

extension Workbench {
    /// A whole deploy of one instance, with its balancer-less fleet, network and supervisor, beside a bare container.
    func firstInstance() throws -> [Row] {
        try makeApp("app")
        try kiln("lock", in: "app").run()
        try kiln("bake", in: "app").run()
        return try Comparison(
            title: "deploy of a first instance / bare runc run",
            rounds: rounds ?? 5,
            ours: Comparison.Side(
                name: "kiln",
                prepare: command("KILN_HOME='\(folder)/home' '\(kiln)' destroy app || true", in: "app"),
                timed: kiln("deploy app", in: "app")
            ),
            peers: has("runc") ? [try bareContainer()] : []
        ).run()
    }

    private func bareContainer() throws -> Comparison.Side {
        let edit = """
            import json
            value = json.load(open("config.json"))
            value["process"]["terminal"] = False
            value["process"]["args"] = ["/bin/busybox", "true"]
            value["process"].pop("rlimits", None)
            json.dump(value, open("config.json", "w"))
            """
        try project(
            "bundle",
            "rm -rf rootfs config.json; cp -r ../app/root rootfs; runc spec; python3 -c '\(edit)'"
        )
        return Comparison.Side(
            name: "runc run",
            timed: command("runc --root '\(folder)/runc' run kiln-bench-bare", in: "bundle")
        )
    }
}
