import KilnControl
import KilnDrift
import KilnFleet
import KilnRollout
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `The rules of a controller` {
    private func instance(_ slot: Int, made: Int64) -> InstanceRecord {
        InstanceRecord(
            id: InstanceID("shop-1-\(slot)"),
            slot: slot,
            release: ReleaseNumber(rawValue: 1),
            created: made
        )
    }

    @Test func `take the oldest instance past its age, with a pause after the last that went for its age`() {
        let all = [instance(0, made: 100), instance(1, made: 50), instance(2, made: 100)]
        func overdue(_ now: Int64) -> Int? {
            AgeRule.overdue(all, maxAge: .seconds(3000), now: now, since: .seconds(100))?.slot
        }
        #expect(overdue(3049) == nil)
        #expect(overdue(3050) == 1)
        // One place is filled again and again; another instance was made while the clock was ahead.
        let restless = [instance(0, made: 100), instance(1, made: 3159), instance(2, made: 90_000)]
        func next(_ pause: Duration) -> Int? {
            AgeRule.overdue(restless, maxAge: .seconds(3000), now: 3160, since: pause)?.slot
        }
        #expect(next(.seconds(99)) == nil)
        #expect(next(.seconds(100)) == 0)
        let none = AgeRule.overdue([], maxAge: .seconds(3000), now: 10_000, since: .seconds(3000))
        #expect(none == nil)
    }

    @Test func `let a place wait that lost its instance three times in ten minutes`() {
        var history = SlotHistory()
        func now(_ seconds: Int64) -> BootInstant { BootInstant(nanoseconds: seconds * 1_000_000_000) }
        for number in 0..<3 {
            history.note(InstanceID("i\(number)"), slot: 0, "ended", now: now(100))
            history.note(InstanceID("i\(number)"), slot: 0, "ended", now: now(100))
            #expect(history.waits(0, now: now(101)) == (number == 2))
        }
        #expect(!history.waits(1, now: now(101)))
        #expect(!history.waits(0, now: now(110)))
        history.note(InstanceID("i3"), slot: 0, "ended", now: now(120))
        #expect(history.waits(0, now: now(139)))
        #expect(!history.waits(0, now: now(140)))
        history.forget(allBut: [], now: now(720))
        #expect(history.failures.isEmpty)
    }

    @Test func `make up for the failures of a place by an instance that served for long enough`() {
        var history = SlotHistory()
        let now = BootInstant(nanoseconds: 100_000_000_000)
        for number in 0..<3 { history.note(InstanceID("i\(number)"), slot: 0, "ended", now: now) }
        history.note(InstanceID("other"), slot: 1, "ended", now: now)
        history.forgive(InstanceID("i3"), slot: 0)
        #expect(!history.waits(0, now: now))
        #expect(history.failures.map(\.slot) == [1])
        history.note(InstanceID("i3"), slot: 0, "ended", now: now)
        #expect(history.failures.count == 1, "what was forgiven is not counted at the next look")
    }

    @Test(arguments: [(1, 1, true), (1, 2, true), (2, 2, false), (2, 3, false), (2, 4, true), (3, 5, false)])
    func `replace what drifted, and leave a majority alone`(drifted: Int, of all: Int, isReplaced: Bool) {
        let ids = (0..<all).map { InstanceID("shop-1-\($0)") }
        let findings = ids.prefix(drifted).map {
            DriftFinding(.overMount, instance: $0, subject: "/etc", detail: "tmpfs")
        }
        let report = DriftReport(fleet: "shop", checked: all, findings: findings)
        switch DriftVerdict(report, standing: Set(ids)) {
        case .replace(let condemned):
            #expect(isReplaced)
            #expect(condemned.count == drifted)
            #expect(condemned.values.allSatisfy { $0 == "over-mount: /etc" })
        case .alert(let message):
            #expect(!isReplaced)
            #expect(
                message == "\(drifted) of \(all) instances drifted at once (over-mount); none is replaced"
            )
        case .nothing: Issue.record("found nothing")
        }
        #expect(
            DriftVerdict(DriftReport(fleet: "shop", checked: all, findings: []), standing: Set(ids))
                == .nothing
        )
    }

    @Test func `tell people what only they can put right, and repair the rest all the same`() {
        let volume = DriftFinding(
            .strayVolume,
            instance: nil,
            subject: "volume a",
            detail: "no release declares it"
        )
        let blob = DriftFinding(.storeAltered, instance: nil, subject: "blob b", detail: "is gone")
        let server = DriftFinding(.strayServer, instance: nil, subject: "s", detail: "stands for no instance")
        let report = DriftReport(fleet: "shop", checked: 1, findings: [volume, blob, server])
        #expect(
            DriftVerdict(report, standing: [InstanceID("shop-1-0")]) == .alert("blob b is gone, and 1 more")
        )
        #expect(report.repairable == [server])
    }

    @Test func `ship the unit that kiln serve prints`() throws {
        try Golden.expect(
            ServiceUnit.text(executable: "/usr/bin/kiln"),
            matches: Golden.project.pushing("packaging/systemd/kiln.service")
        )
        let other = ServiceUnit.text(executable: "/opt/kiln", home: "/srv/kiln")
        #expect(other.contains("Environment=\"KILN_HOME=/srv/kiln\"\nExecStart=/opt/kiln serve\n"))
    }

    @Test func `print a unit with all that was given, as systemd reads it`() {
        let unit = ServiceUnit.text(
            executable: "/opt/my tools/100%/kiln$",
            home: "/srv/a \"b\" 5%",
            metrics: "[::1]:9464",
            archives: "6h",
            keyFile: "/etc/kiln/key 1"
        )
        #expect(unit.contains(#"Environment="KILN_HOME=/srv/a \"b\" 5%%""#))
        #expect(unit.contains(#"RequiresMountsFor="/srv/a \"b\" 5%%""#))
        let start =
            #"ExecStart="/opt/my tools/100%%/kiln$$" serve --metrics [::1]:9464 --check-archives 6h"#
        #expect(unit.contains(start))
        #expect(unit.contains("\nEnvironment=\"KILN_CONFIG_KEY_FILE=/etc/kiln/key 1\"\n"))
        #expect(unit.contains("StartLimitIntervalSec=0"))
    }

    @Test func `let one controller keep a home, and name it`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            try Files.createDirectory(home.runtime)
            sandbox.onExit { try Files.remove(home.runtime) }
            let lock = ControllerLock(home)
            #expect(lock.holder == nil)
            try await lock.hold {
                #expect(lock.holder != nil)
                await #expect(throws: ControllerBusy.self) {
                    try await ControllerLock(home).hold {}
                }
            }
            #expect(lock.holder == nil)
        }
    }
}
