import KilnDrift
import KilnFleet
import KilnOCI
import KilnSystem
import Testing

@Suite struct `Comparing an instance with its release` {
    private let started = InstanceFacts.sample()

    @Test func `an unchanged instance has no findings`() {
        #expect(InstanceComparison(expected: started, actual: started).findings().isEmpty)
    }

    @Test func `a mount that came later is an over-mount`() {
        var now = started
        now.mounts.append(.sample(id: 90, at: "/opt/app", type: "tmpfs"))
        let findings = InstanceComparison(expected: started, actual: now).findings()
        #expect(findings.map(\.kind) == [.overMount])
        #expect(findings.first?.subject == "/opt/app")
    }

    @Test func `a remount shows which options changed`() {
        var now = started
        now.mounts[0] = .sample(id: 1, at: "/", type: "overlay", options: ["rw"])
        let findings = InstanceComparison(expected: started, actual: now).findings()
        #expect(findings.map(\.kind) == [.mountChanged])
        #expect(findings.first?.detail == "options changed: +rw -ro")
    }

    @Test func `a mount that is gone is told`() {
        var now = started
        now.mounts.removeLast()
        let findings = InstanceComparison(expected: started, actual: now).findings()
        #expect(findings.map(\.subject) == ["/var/lib/app"])
    }

    @Test(arguments: [7, 2, nil])
    func `a program that was not opened through the root is foreign`(mountID: Int?) {
        var now = started
        now.processes.append(
            ProcessFacts(pid: 99, startTime: 1, executable: "/usr/bin/sleep", mountID: mountID, name: "sleep")
        )
        let findings = InstanceComparison(expected: started, actual: now).findings()
        #expect(findings.map(\.kind) == [.foreignProcess])
        #expect(findings.first?.subject == "sleep (pid 99)")
    }

    @Test func `a further process of the image's own is no drift`() {
        var now = started
        now.processes.append(
            ProcessFacts(pid: 99, startTime: 1, executable: "/usr/bin/app", mountID: 1, name: "worker")
        )
        #expect(InstanceComparison(expected: started, actual: now).findings().isEmpty)
    }

    @Test func `configuration that differs is named`() {
        var now = started
        now.configFiles = ["/etc/app.conf": Digest(of: "other")]
        now.limits = ["pids.max": "max"]
        let findings = InstanceComparison(expected: started, actual: now).findings()
        #expect(findings.allSatisfy { $0.kind == .configChanged })
        #expect(findings.map(\.subject) == ["/etc/app.conf", "pids.max"])
    }

    @Test func `a configuration file that is gone is named`() {
        var now = started
        now.configFiles["/etc/app.conf"] = .some(nil)
        let findings = InstanceComparison(expected: started, actual: now).findings()
        #expect(findings.map(\.detail) == ["is missing"])
    }
}

extension InstanceFacts {
    fileprivate static func sample() -> InstanceFacts {
        InstanceFacts(
            instance: InstanceID("app-1-aaaa"),
            mounts: [
                .sample(id: 1, at: "/", type: "overlay"), .sample(id: 2, at: "/var/lib/app", type: "ext4"),
            ],
            processes: [
                ProcessFacts(pid: 10, startTime: 1, executable: "/usr/bin/app", mountID: 1, name: "app")
            ],
            configFiles: ["/etc/app.conf": Digest(of: "conf")],
            limits: ["pids.max": "64"]
        )
    }
}

extension MountEntry {
    fileprivate static func sample(
        id: Int,
        at target: String,
        type: String,
        options: [String] = ["ro"]
    ) -> MountEntry {
        let line = "\(id) 0 0:1 / \(target) \(options.joined(separator: ",")) - \(type) none rw"
        return MountTable(parsing: line).entries[0]
    }
}
