import FoundationEssentials
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// `web` needs `stock`, whose listener it reaches under its name: it is healthy only then.
private struct ManyFleets {
    let app: WebApp
    var kiln: KilnProcess { app.kiln }

    /// Two fleets, each of an image of its own.
    func write(
        root: String = "from: tar:root.tar",
        web: String = "instances: 2",
        stock: String = "instances: 1",
        stockPath: String = "/",
        more: String = ""
    ) throws {
        try kiln.write(
            """
            kiln: 1
            vars: {level: info}
            images:
              root: {\(root)}
              service:
                from: image:root
                users: [{name: web, uid: 10001}]
                files: [{source: site, target: /www}]
                entrypoint: [/bin/busybox, httpd, -f, -v, -p, "8080", -h, /www]
                user: web
                ports: {http: 8080}
                stop: {signal: TERM, grace: 300ms}
              web:
                from: image:service
                health: {command: [/bin/busybox, wget, -q, -O-, "http://stock:\(app.port + 1)/"], interval: 100ms, timeout: 1s, healthy: 2, unhealthy: 3}
              stock:
                from: image:service
                health: {http: {port: http, path: \(stockPath)}, interval: 100ms, timeout: 1s, healthy: 2, unhealthy: 3}
            fleets:
              web:
                image: web
                \(web)
                needs: [stock]
                listen: 127.0.0.1:\(app.port)
                config: {env: {LEVEL: "${level}"}}
                resources: {memory: 64MiB, cpu: 1, pids: 64}
                rollout: {\(WebApp.quick)}
              stock:
                image: stock
                \(stock)
                listen: 127.0.0.1:\(app.port + 1)
                resources: {memory: 64MiB, cpu: 1, pids: 64}
                rollout: {\(WebApp.quick)}
            \(more)
            environments:
              staging: {vars: {level: debug}}
              prod: {vars: {level: warn}}

            """,
            to: "kiln.yaml"
        )
    }

    func extra(_ name: String) -> String {
        """
          \(name):
            image: service
            resources: {memory: 64MiB, cpu: 1, pids: 64}
            rollout: {\(WebApp.quick)}
        """
    }

    /// Release digests by fleet, newest first.
    func digests(_ kiln: KilnProcess) async throws -> [String: [String]] {
        struct Release: Decodable {
            let digest: String
        }
        var digests: [String: [String]] = [:]
        for fleet in ["web", "stock"] {
            let text = try await kiln.succeed("releases", fleet, "--format", "json").output
            let releases = try JSONDecoder().decode([String: [Release]].self, from: Data(text.utf8))
            digests[fleet] = releases["releases"]?.map(\.digest)
        }
        return digests
    }

    /// `create web`, `keep stock`, in the order of the plan.
    func plan(_ arguments: String...) async throws -> [String] {
        struct Report: Decodable {
            struct Plan: Decodable {
                let steps: [Step]
            }

            struct Step: Decodable {
                let action: String
                let fleet: String
            }

            let plan: Plan
        }
        let invocation = try kiln.invocation(["plan", "--format", "json"] + arguments)
        let output = try await ToolRunner().runUnchecked(invocation).text
        let report = try JSONDecoder().decode(Report.self, from: Data(output.utf8))
        return report.plan.steps.map { "\($0.action) \($0.fleet)" }
    }

    /// Does something to an apply once a line of its messages says so.
    func apply(until line: String, then action: String) async throws -> KilnProcess.Result {
        let invocation = try kiln.invocation(["apply"])
        let messages = kiln.project.appending("messages").string
        let script = """
            : >\(messages)
            \(invocation.commandLine) 2>\(messages) & pid=$!
            until grep -q '\(line)' \(messages); do kill -0 $pid || break; done
            \(action)
            wait $pid
            """
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation("bash", ["-mc", script], workingDirectory: kiln.project)
        )
        let said = try Files.readText(FilePath(messages))
        return KilnProcess.Result(status: output.status, output: output.text, messages: said)
    }
}

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `All fleets of a definition` {
    @Test func `come up in order, reach each other, stay as they are, and go in the opposite order`()
        async throws
    {
        try await withFleets(port: 8571) { fleets in
            let kiln = fleets.kiln
            #expect(try await fleets.plan() == ["create stock", "create web"])
            let first = try await kiln.succeed("apply")
            #expect(first.messages.contains("2 of 2 changes are done"))
            #expect(try await fleets.app.get() == "version 1\n")
            #expect(try await fleets.plan() == ["keep stock", "keep web"])
            #expect(try await kiln.succeed("plan").messages.contains("nothing to do"))
            let events = try await kiln.succeed("events").output
            #expect(try await kiln.succeed("apply").messages.contains("nothing to do"))
            #expect(try await kiln.succeed("events").output == events, "the second time nothing happens")
            #expect(try await kiln.succeed("drift").code == 0)
            let down = try await kiln.succeed("destroy")
            let order = down.messages.split(separator: "\n").filter {
                $0.hasSuffix(" is gone") && !$0.contains(":")
            }
            #expect(order == ["web is gone", "stock is gone"])
        }
    }

    @Test func `are planned as creation, replacement, policy and destruction, each with its reason`()
        async throws
    {
        try await withFleets(port: 8573) { fleets in
            let kiln = fleets.kiln
            try fleets.write(more: fleets.extra("old"))
            try await kiln.succeed("apply")
            try fleets.write(stock: "instances: 2", more: fleets.extra("new"))
            let plan = try await kiln.run("plan", "--environment", "prod")
            #expect(plan.code == 6)
            for line in [
                "policy    stock", "instances: 1 -> 2", "replace   web", "variable LEVEL differs",
                "create    new",
                "destroy   old", "has no fleet old any more",
            ] { #expect(plan.output.contains(line), "\(line) in \(plan.output)") }
            let pids = try await kiln.pids("stock")
            try await kiln.succeed("apply", "--environment", "prod")
            #expect(try await Set(kiln.pids("stock")).isSuperset(of: pids), "scaling replaces nothing")
            #expect(try await kiln.pids("stock").count == 2)
            #expect(try await kiln.run("status", "old").code == 2)
            #expect(try await fleets.plan("--environment", "prod").allSatisfy { $0.hasPrefix("keep") })
        }
    }

    @Test func `a saved plan is done as it was made, or not at all`() async throws {
        try await withFleets(port: 8575) { fleets in
            let kiln = fleets.kiln
            #expect(try await kiln.run("plan", "-o", "first.plan").code == 6)
            try fleets.app.kiln.write("version 2\n", to: "site/index.html")
            let moved = try await kiln.run("apply", "first.plan")
            #expect(moved.code == 1)
            #expect(moved.messages.contains("what goes into image web is another"), "\(moved.messages)")
            #expect(try await kiln.run("status", "web").code == 2, "nothing was done")
            #expect(try await kiln.run("plan", "--environment", "prod", "-o", "prod.plan").code == 6)
            try await kiln.succeed("apply", "prod.plan")
            let again = try await kiln.run("apply", "prod.plan")
            #expect(
                again.code == 1 && again.messages.contains("fleet web was made since"),
                "\(again.messages)"
            )
            #expect(try await kiln.run("apply", "prod.plan", "-e", "other").code == 2)
            try kiln.write("no plan", to: "bad.plan")
            #expect(try await kiln.run("apply", "bad.plan").code == 2)
        }
    }

    @Test
    func `when one fails, those that need it stay as they are, and a failed release is not tried again`()
        async throws
    {
        try await withFleets(port: 8577) { fleets in
            let kiln = fleets.kiln
            try await kiln.succeed("apply")
            try kiln.write("version 2\n", to: "site/index.html")
            try fleets.write(stockPath: "/missing", more: fleets.extra("other"))
            let failed = try await kiln.run("apply")
            #expect(failed.code == 5, "\(failed.messages)")
            #expect(failed.messages.contains("web: not begun, since stock did not succeed"))
            #expect(try await fleets.app.get() == "version 1\n")
            #expect(try await kiln.succeed("status", "other").output.contains("stable"), "the rest goes on")
            let plan = try await kiln.run("plan")
            #expect(plan.code == 6 && plan.output.contains("release 2 failed before and is quarantined"))
            #expect(try await kiln.run("apply").code == 1)
            try fleets.write(more: fleets.extra("other"))
            try await kiln.succeed("apply")
            #expect(try await fleets.app.get() == "version 2\n")
        }
    }

    @Test func `an apply that is killed or interrupted is finished by the next`() async throws {
        try await withFleets(port: 8579) { fleets in
            _ = try await fleets.apply(until: "web: rolling out", then: "kill -KILL $pid")
            #expect(try await fleets.plan() == ["keep stock", "restore web"])
            try await fleets.kiln.succeed("apply")
            #expect(try await fleets.app.get() == "version 1\n")
            try fleets.app.kiln.write("version 2\n", to: "site/index.html")
            let stopped = try await fleets.apply(until: "stock: rolling", then: "kill -INT $pid")
            #expect(stopped.code == 130, "\(stopped.messages)")
            #expect(stopped.messages.contains("stock: interrupted by Ctrl-C"), "\(stopped.messages)")
            #expect(stopped.messages.contains("web: not begun"))
            #expect(try await fleets.app.get() == "version 1\n")
            try await fleets.kiln.succeed("apply")
            #expect(try await fleets.app.get() == "version 2\n")
            try fleets.app.kiln.write("version 3\n", to: "site/index.html")
            let left = try await fleets.apply(until: "stock: rolling", then: "kill -HUP $pid")
            #expect(left.code == 130, "\(left.messages)")
            #expect(
                left.messages.contains("stock: interrupted by the end of its terminal"),
                "\(left.messages)"
            )
            try await fleets.kiln.succeed("apply")
            #expect(try await fleets.app.get() == "version 3\n")
            #expect(try await fleets.kiln.pids("web").count == 2)
        }
    }

    @Test func `another command interrupts one fleet of an apply, and the others go on`() async throws {
        try await withFleets(port: 8588) { fleets in
            let kiln = fleets.kiln
            try fleets.write(more: fleets.extra("left") + "\n" + fleets.extra("right"))
            try await kiln.succeed("apply")
            try kiln.write("version 2\n", to: "site/index.html")
            let text = try Files.readText(kiln.project.appending("kiln.yaml"))
            try kiln.write(text.replacing("min_healthy: 200ms", with: "min_healthy: 3s"), to: "kiln.yaml")
            let abort = try kiln.invocation(["abort", "left"]).commandLine
            let applied = try await fleets.apply(
                until: "left: rolling",
                then: "\(abort) 2>aborted; echo $? >status"
            )
            #expect(applied.code == 130, "\(applied.messages)")
            #expect(applied.messages.contains("left: interrupted by kiln abort"), "\(applied.messages)")
            #expect(!applied.messages.contains("stopping after"))
            for fleet in ["right", "stock", "web"] {
                #expect(applied.messages.contains("\n\(fleet): release 2 is stable"), "\(applied.messages)")
            }
            let said = try Files.readText(kiln.project.appending("aborted"))
            #expect(try Files.readText(kiln.project.appending("status")) == "5\n", "\(said)")
            #expect(said.contains("release 1 serves again"), "\(said)")
            #expect(try await fleets.app.get() == "version 2\n")
            #expect(try await fleets.plan().contains("replace left"))
        }
    }

    @Test func `fleets of another definition are left alone unless they are taken over`() async throws {
        try await withFleets(port: 8581) { fleets in
            let kiln = fleets.kiln
            try await kiln.succeed("apply")
            try Files.write(
                try Files.readText(kiln.project.appending("kiln.yaml")),
                to: kiln.project.appending("copy.yaml")
            )
            try await kiln.succeed("lock", "-f", "copy.yaml")
            let refused = try await kiln.run("apply", "-f", "copy.yaml")
            #expect(refused.code == 1 && refused.messages.contains("it belongs to"), "\(refused.messages)")
            let deploy = try await kiln.run("deploy", "stock", "-f", "copy.yaml")
            #expect(deploy.code == 1 && deploy.messages.contains("--take-over"), "\(deploy.messages)")
            // The same for one that is named: whoever stands in a project means its own.
            let destroy = try await kiln.run("destroy", "stock", "-f", "copy.yaml")
            #expect(destroy.code == 1, "\(destroy.messages)")
            for words in ["kiln.yaml", "copy.yaml", "--take-over"] {
                #expect(destroy.messages.contains(words), "\(destroy.messages)")
            }
            #expect(
                try await kiln.succeed("destroy", "-f", "copy.yaml").messages.contains(
                    "no fleet of copy.yaml"
                )
            )
            try await kiln.succeed("apply", "-f", "copy.yaml", "--take-over")
            #expect(try await kiln.run("plan").code == 6)
            try await kiln.succeed("destroy", "-f", "copy.yaml")
        }
    }

    @Test(.enabled(if: TestRegistry.isInstalled, "needs docker-registry"))
    func `come back with the same digests on an empty machine with a registry`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8583) { registry in
                let first = ManyFleets(app: try await WebApp(KilnProcess(sandbox), port: 8584))
                try await first.kiln.succeed("lock")
                try await first.kiln.succeed("bake", "root")
                try await first.kiln.succeed("image", "push", "root", "\(registry.host)/root:1")
                try first.write(root: "from: oci:\(registry.host)/root:1")
                try await first.kiln.succeed("lock")
                try Files.remove(first.kiln.project.appending("root.tar"))
                try await first.kiln.succeed("apply")
                let digests = try await first.digests(first.kiln)
                try await first.kiln.succeed("destroy", "--volumes")
                try await first.kiln.succeed("apply")
                #expect(try await first.digests(first.kiln) == digests)
                try await first.kiln.succeed("destroy", "--volumes")

                let empty = try KilnProcess(sandbox, project: "project", home: "empty-home")
                try await empty.succeed("apply")
                #expect(try await first.digests(empty) == digests)
                try await empty.succeed("destroy", "--volumes")
            }
        }
    }

    @Test func `an image goes from staging to production as it is, whatever was baked since`() async throws {
        try await withFleets(port: 8586) { fleets in
            let kiln = fleets.kiln
            try await kiln.succeed("bake")
            try await kiln.succeed("deploy", "stock")
            try await kiln.succeed("deploy", "web", "-e", "staging")
            try kiln.write("version 2\n", to: "site/index.html")
            try await kiln.succeed("bake")
            #expect(try await kiln.run("deploy", "web", "-e", "prod", "--image-from", "prod").code == 2)
            #expect(try await kiln.run("deploy", "web", "-e", "prod", "--image-from", "stagin").code == 2)
            try await kiln.succeed("deploy", "web", "-e", "prod", "--image-from", "staging")
            #expect(try await fleets.app.get() == "version 1\n")
            #expect(try await kiln.succeed("events", "web").output.contains("release 2 is image web"))
        }
    }

    private func withFleets(port: Int, _ body: (ManyFleets) async throws -> Void) async throws {
        try await Sandbox.with { sandbox in
            let fleets = ManyFleets(app: try await WebApp(KilnProcess(sandbox), port: port))
            try fleets.write()
            try await fleets.kiln.succeed("lock")
            sandbox.onExit {
                try await fleets.kiln.succeed("destroy", "--all", "--volumes")
                try await fleets.app.expectNothingBeyond(instances: 0)
            }
            try await body(fleets)
        }
    }
}

extension KilnProcess {
    fileprivate func pids(_ fleet: String) async throws -> [Int32] {
        let text = try await succeed("status", fleet, "--format", "json").output
        let report = try JSONDecoder().decode([String: [FleetView]].self, from: Data(text.utf8))
        return try #require(report["fleets"]?.first).instances.compactMap(\.pid)
    }
}
