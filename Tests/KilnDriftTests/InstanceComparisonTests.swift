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

    @Test func `a file system that grew is told`() {
        var before = started
        before.mounts[1] = .sample(id: 2, at: "/tmp", type: "tmpfs", whole: "rw,size=64k")
        var now = before
        now.mounts[1] = .sample(id: 2, at: "/tmp", type: "tmpfs", whole: "rw,size=10485760k")
        let findings = InstanceComparison(expected: before, actual: now).findings()
        #expect(findings.map(\.kind) == [.mountChanged])
        let options = "+size=10485760k (file system) -size=64k (file system)"
        #expect(findings.map(\.detail) == ["options changed: \(options)"])
    }

    @Test func `another file system of the same kind under the same number is told`() {
        var now = started
        now.mounts[1] = .sample(id: 2, at: "/var/lib/app", type: "ext4", device: "0:2")
        let findings = InstanceComparison(expected: started, actual: now).findings()
        #expect(findings.map(\.detail) == ["shows another directory or device"])
    }

    @Test
    func `how the host mounts the disk of a volume is the host's affair, unless nothing can be written`() {
        func facts(_ whole: String) -> InstanceFacts {
            var facts = started
            facts.mounts[1] = .sample(id: 2, at: "/data", type: "ext4", root: "/volumes/data", whole: whole)
            return facts
        }
        let before = facts("rw,commit=5")
        #expect(InstanceComparison(expected: before, actual: facts("rw,commit=60")).findings() == [])
        let readOnly = InstanceComparison(expected: before, actual: facts("ro,commit=5")).findings()
        #expect(readOnly.map(\.kind) == [.mountChanged])
    }

    @Test func `a process that came from outside is foreign whatever it runs`() {
        var now = started
        now.processes.append(
            ProcessFacts(
                pid: 99,
                startTime: 1,
                executable: "/usr/bin/app",
                mountID: 1,
                name: "app",
                origin: .outside
            )
        )
        let findings = InstanceComparison(expected: started, actual: now).findings()
        #expect(findings.map(\.detail) == ["runs /usr/bin/app, came from outside"])
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
        options: [String] = ["ro"],
        device: String = "0:1",
        root: String = "/",
        whole: String = "rw"
    ) -> MountEntry {
        let shown = options.joined(separator: ",")
        let line = "\(id) 0 \(device) \(root) \(target) \(shown) - \(type) none \(whole)"
        return MountTable(parsing: line).entries[0]
    }
}
