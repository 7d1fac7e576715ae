import FoundationEssentials
import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// The part of `kiln status --format json` that tests look at.
struct FleetView: Decodable {
    struct Instance: Decodable {
        let id: String
        let pid: Int32?
        let health: String?
        let traffic: String

        var isServing: Bool { health == "healthy" && traffic == "ready" }
    }

    let instances: [Instance]
}

extension KilnProcess {
    func status() async throws -> FleetView {
        let text = try await succeed("status", "web", "--format", "json").output
        let report = try JSONDecoder().decode([String: [FleetView]].self, from: Data(text.utf8))
        return try #require(report["fleets"]?.first)
    }
}

extension WebApp {
    func get(_ path: String = "/") async throws -> String {
        try await ToolRunner().run(
            ToolInvocation(
                "curl",
                ["--silent", "--show-error", "--fail", "--max-time", "5", "http://127.0.0.1:\(port)\(path)"]
            )
        ).text
    }

    /// Kills a deploy with SIGKILL after so many milliseconds; it may have ended before.
    func killDeploy(afterMilliseconds delay: Int) async throws {
        let invocation = try kiln.invocation(["deploy", "web"])
        let line =
            "\(invocation.commandLine) >/dev/null 2>&1 & pid=$!; (sleep \(Double(delay) / 1000); kill -9 $pid 2>/dev/null) & wait $pid; wait"
        _ = try await ToolRunner().runUnchecked(
            ToolInvocation("bash", ["-c", line], workingDirectory: kiln.project)
        )
    }

    /// Sends a signal once the deploy has begun to make an instance.
    func interruptDeploy(by signal: String = "INT") async throws -> KilnProcess.Result {
        let invocation = try kiln.invocation(["deploy", "web"])
        let messages = kiln.project.appending("messages").string
        let script = """
            \(invocation.commandLine) 2>\(messages) & pid=$!
            until grep -q web-2- \(messages); do kill -0 $pid || break; done
            kill -\(signal) $pid
            wait $pid
            """
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation("bash", ["-mc", script], workingDirectory: kiln.project)
        )
        return KilnProcess.Result(
            status: output.status,
            output: output.text,
            messages: try Files.readText(FilePath(messages))
        )
    }

    /// What a reboot does to a home: every process of it ends, every mount and namespace is gone.
    func killEverything() async throws {
        for pid in try processes() { kill(pid, SIGKILL) }
        try await eventually("all processes of the home are gone") { try processes().isEmpty }
        try Mounts.unmountAll(under: kiln.home.runtime)
        try Files.remove(kiln.home.runtime)
    }

    /// Counts containers, mounted roots and namespaces against the instances there should be.
    func expectNothingBeyond(
        instances: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let runtime = kiln.home.runtime
        #expect(try Files.list(runtime.appending("runc")).count == instances, sourceLocation: sourceLocation)
        #expect(try Files.list(runtime.appending("netns")).count == instances, sourceLocation: sourceLocation)
        let roots = try MountTable.current().under(runtime.appending("instances")).filter {
            $0.type == "overlay"
        }
        #expect(roots.count == instances, sourceLocation: sourceLocation)
        let servers =
            try Files.list(kiln.home.run.appending("web")).contains("haproxy.cfg")
            ? try Files.readText(kiln.home.run.pushing("web/haproxy.cfg")).split(separator: "\n").count {
                $0.split(separator: " ").first == "server"
            } : 0
        #expect(servers == instances, "balancer entries", sourceLocation: sourceLocation)
        let supervisors = try processes().filter { arguments(of: $0).first?.hasSuffix("conmon") == true }
        #expect(supervisors.count == instances, sourceLocation: sourceLocation)
        if instances == 0 {
            // The last of what was killed may still be ending.
            try await eventually(within: 5, "no process is left", sourceLocation: sourceLocation) {
                try processes().isEmpty
            }
            #expect(try MountTable.current().under(runtime).isEmpty, sourceLocation: sourceLocation)
        }
    }

    /// Supervisors, balancers and containers of the home, found by what their command lines or control groups name.
    private func processes() throws -> [Int32] {
        let marks = [kiln.home.runtime.string, kiln.home.root.string]
        let group = "kiln-\(kiln.home.identifier)"
        return try Files.list("/proc").compactMap { Int32($0) }.filter { pid in
            guard pid != getpid() else { return false }
            let line = arguments(of: pid)
            guard line.first?.hasSuffix("/kiln") != true else { return false }
            let groups = (try? Files.readText(FilePath("/proc/\(pid)/cgroup"))) ?? ""
            let isEngine = ["conmon", "haproxy", "runc"].contains { line.first?.hasSuffix($0) == true }
            return groups.contains(group)
                || (isEngine && line.contains { word in marks.contains { word.contains($0) } })
        }
    }

    private func arguments(of pid: Int32) -> [String] {
        let text = (try? Files.readText(FilePath("/proc/\(pid)/cmdline"))) ?? ""
        return text.split(separator: "\0").map(String.init)
    }
}
