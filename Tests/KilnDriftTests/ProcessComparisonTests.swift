import KilnDrift
import KilnFleet
import KilnSystem
import Testing

@Suite struct `Comparing an instance's processes` {
    private let start = StartFacts(
        image: [1, 2, 3],
        arguments: ["/usr/bin/app", "--port", "80"],
        variables: ["MODE": "aaaa", "PATH": "bbbb"],
        limits: ["Max open files": ["1024", "4096"]]
    )

    private func process(
        origin: ProcessFacts.Origin = .instance,
        isDeleted: Bool = false,
        capabilities: UInt64 = 0,
        isConfined: Bool = true,
        namespaces: [String: UInt64] = ["mnt": 5]
    ) -> ProcessFacts {
        ProcessFacts(
            pid: 10,
            startTime: 1,
            executable: "/usr/bin/app",
            mountID: 1,
            name: "app",
            origin: origin,
            isDeleted: isDeleted,
            capabilities: capabilities,
            isConfined: isConfined,
            namespaces: namespaces
        )
    }

    private func findings(
        _ process: ProcessFacts,
        files: Set<String> = [],
        now: StartFacts? = nil
    ) -> [DriftFinding] {
        let root = MountTable(parsing: "1 0 0:1 / / ro - overlay none ro").entries
        let id = InstanceID("app-1-aaaa")
        let expected = InstanceFacts(instance: id, mounts: root, namespaces: ["mnt": 5], start: start)
        let actual = InstanceFacts(
            instance: id,
            mounts: root,
            processes: [process],
            start: now ?? start,
            first: 10,
            changedFiles: files
        )
        return InstanceComparison(expected: expected, actual: actual).findings()
    }

    @Test func `finds nothing in what was started so`() {
        #expect(findings(process()).isEmpty)
    }

    @Test func `finds who was entered from the host`() {
        #expect(findings(process(origin: .session)).map(\.kind) == [.session])
    }

    @Test func `finds a program whose file is gone, or is not the image's`() {
        #expect(findings(process(isDeleted: true)).map(\.kind) == [.foreignProcess])
        let changed = findings(process(), files: ["/usr/bin/app"])
        #expect(changed.map(\.kind) == [.foreignProcess])
        #expect(changed.first?.path == "/usr/bin/app")
    }

    @Test func `finds privileges, a missing filter and other namespaces`() {
        #expect(findings(process(capabilities: 0x21)).map(\.after) == ["0x21"])
        #expect(findings(process(isConfined: false)).map(\.kind) == [.processChanged])
        let moved = findings(process(namespaces: ["mnt": 6]))
        #expect(moved.map(\.detail) == ["is in another mnt namespace"])
    }

    @Test func `finds another program's arguments, and lets a process tell in them what it does`() {
        var now = start
        now.arguments = ["app: busy"]
        #expect(findings(process(), now: now).isEmpty)
        now.image = [4, 5, 6]
        let found = findings(process(), now: now)
        #expect(found.map(\.before) == ["/usr/bin/app --port 80"])
        #expect(found.map(\.after) == ["app: busy"])
    }

    @Test func `finds another value of a variable, by its name alone`() {
        var now = start
        now.variables["MODE"] = "cccc"
        #expect(findings(process(), now: now).map(\.detail) == ["has other values for the variables MODE"])
        // Written over for a title.
        now.variables = [:]
        #expect(findings(process(), now: now).isEmpty)
    }

    @Test func `finds another limit`() {
        var now = start
        now.limits["Max open files"] = ["32", "32"]
        #expect(findings(process(), now: now).map(\.after) == ["32/32"])
    }
}
