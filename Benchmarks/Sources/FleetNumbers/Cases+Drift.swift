import BenchmarkCommands
import FleetHarness
import Glibc

// Finding what differs from its release.
extension Case {
    /// A root of 200 MB in 7,000 files, so that a look which read it would show.
    private static let ballast = """
        mkdir -p root/opt/ballast && cd root/opt/ballast && head -c 200000000 /dev/urandom | split -b 28571 -a 3 - f; cd - >/dev/null
        mkdir -p root/var/lib/dpkg/info; (cd root; find opt -type f | xargs md5sum > var/lib/dpkg/info/ballast.md5sums)
        (cd root; find opt | sed 's,^,/,' > var/lib/dpkg/info/ballast.list)
        printf 'Package: ballast\\nStatus: install ok installed\\nMaintainer: m\\nArchitecture: all\\nVersion: 1\\nDescription: d\\n' > root/var/lib/dpkg/status
        """

    /// CPU time of `kiln drift` for each of its unchanged instances, beside AIDE and debsums on the same root.
    static let driftCost = Case(
        name: "drift-cost",
        work: "a look for drift at an unchanged instance of 200 MB, 7,000 files, writable root",
        fleets: 1,
        instances: 10,
        prepare: { home in
            home.rootLine = ballast
            home.fleetKeys = "writable_root: true"
        },
        measure: measureCost
    )

    private static func measureCost(_ home: TestHome, _ request: Request) throws -> Row {
        // What is read once for each boot.
        try home.kiln("drift f0")
        sleep(11)
        try home.kiln("drift f0")
        let base = try cost(home, home.line("evidence list"))
        let all = try cost(home, home.line("drift f0"))
        let own = max(0, all - base) / Double(home.instances)
        guard let instance = home.instances(of: "f0").first else {
            throw CommandFailure(description: "no instance")
        }
        let root = "\(home.runtime)/instances/\(instance.name)/root"
        let conf = "\(home.folder)/aide.conf"
        try home.shell.run(
            """
            printf 'database_in=file:%s\\ndatabase_out=file:%s\\ngzip_dbout=no\\nW = ftype+p+u+g+s+m+sha256\\n%s W\\n' \
              '\(home.folder)/aide.db' '\(home.folder)/aide.db' '\(root)' > '\(conf)'
            aide --config='\(conf)' --init
            """
        )
        let aide = try cost(home, "aide --config='\(conf)' --check")
        let debsums = try cost(home, "debsums --root='\(root)' --all --silent")
        return Row(
            goal: "<= 10 ms CPU",
            seen:
                "\(fixed(own * 1000, 1)) ms CPU, AIDE \(milliseconds(aide)), debsums \(milliseconds(debsums)); the command with 10 instances \(milliseconds(all))",
            isMet: own <= 0.01
        )
    }

    /// User and system seconds of a line, the least of three runs.
    private static func cost(_ home: TestHome, _ line: String) throws -> Double {
        let times = try (0..<3).map { _ -> Double in
            var before = rusage()
            getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &before)
            try home.shell.run("\(line) > /dev/null 2>&1 || true")
            var after = rusage()
            getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &after)
            return seconds(after) - seconds(before)
        }
        return times.min() ?? 0
    }

    private static func seconds(_ usage: rusage) -> Double {
        Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    /// From a change to its being found, by the kernel's event and by a look, and to its replacement serving.
    static let driftAnswer = Case(
        name: "drift-answer",
        work: "a change found, and the instance replaced, under kiln serve",
        fleets: 1,
        instances: 12,
        prepare: { $0.fleetKeys = "writable_root: true" },
        measure: measureAnswer
    )

    private static func measureAnswer(_ home: TestHome, _ request: Request) throws -> Row {
        let start = try appStart(home)
        return try served(home) { _ in
            var (events, looks, answers, leaves): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
            var made: Set<String> = []
            for number in 0..<max(2, Int(request["--mutations"])) {
                // Each has served for a while: places that lose instances soon wait before they are filled.
                sleep(4)
                let isEvent = number % 2 == 0
                let instances = home.instances(of: "f0")
                // Each place at most twice: one that loses instances again and again is filled later and later.
                guard let victim = instances.first(where: { !made.contains($0.name) }) ?? instances.first,
                    let process = victim.process
                else { throw CommandFailure(description: "no instance to change") }
                let root = "\(home.runtime)/instances/\(victim.name)/root"
                let change =
                    isEvent
                    ? "echo changed > '\(root)/www/index.html'"
                    : "nsenter -t \(process) -m /bin/busybox mount -t tmpfs x /www"
                try home.shell.run(change)
                let began = wall()
                let before = Set(instances.map(\.name))
                // Its replacement serves first, where there is room for both.
                let time = waitUntil(60, every: 5_000) { !before.isSuperset(of: home.serving("f0")) }
                let rest = waitUntil(60, every: 5_000) { !home.serving("f0").contains(victim.name) }
                guard let time, let rest else {
                    throw CommandFailure(description: "\(victim.name) is not replaced")
                }
                let found = try moment(home, victim.name) - began
                leaves.append(time + rest - found)
                made.formUnion(home.instances(of: "f0").map(\.name).filter { !before.contains($0) })
                if made.count >= home.instances { made = [] }
                if isEvent { events.append(found) } else { looks.append(found) }
                answers.append(time - found)
                complain(
                    "drift-answer: \(number + 1): found \(milliseconds(found)), replaced \(milliseconds(time))"
                )
            }
            let goal = start + 2
            return Row(
                goal:
                    "found p99 <= 1 s by event, <= 10 s by look; replaced p95 <= app start + 2 s = \(fixed(goal, 2)) s",
                seen:
                    "by event p99 \(milliseconds(quantile(events, 0.99))), by look most \(fixed(looks.max() ?? 0, 1)) s, replacement serves after it was found p95 \(fixed(quantile(answers, 0.95), 2)) s, what drifted is out of traffic p95 \(fixed(quantile(leaves, 0.95), 2)) s, \(events.count + looks.count) changes",
                isMet: quantile(events, 0.99) <= 1 && (looks.max() ?? 0) <= 10.5
                    && quantile(answers, 0.95) <= goal
            )
        }
    }

    /// When the instance was written down to have drifted, in seconds since 1970.
    private static func moment(_ home: TestHome, _ instance: String) throws -> Double {
        let script =
            "import json,sys; print(max(e['moment'] for e in json.load(sys.stdin)['events'] if e['kind'] == 'instance.drifted' and e.get('instance') == sys.argv[1]))"
        let text = try home.shell.run(
            "\(home.line("events f0 --format json")) | python3 -c \"\(script)\" \(instance)"
        )
        guard let moment = Double(text.filter(\.isNumber)) else {
            throw CommandFailure(description: "no event of \(instance): \(text)")
        }
        return moment / 1000
    }

    private static func wall() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// False alarms: what is found in fleets that serve, write what they may, and are well.
    static let driftQuiet = Case(
        name: "drift-quiet",
        work: "findings in healthy fleets under load",
        isLong: true,
        fleets: 3,
        instances: 3,
        prepare: { $0.fleetKeys = "writable_root: true" },
        measure: measureQuiet
    )

    private static func measureQuiet(_ home: TestHome, _ request: Request) throws -> Row {
        try served(home) { _ in
            let end = FleetHarness.seconds() + request["--quiet"] * 60
            var (requests, ill) = (0, 0)
            while FleetHarness.seconds() < end {
                requests += home.names.count
                if !home.isWhole { ill += 1 }
            }
            let alarms = try home.names.reduce(0) { count, name in
                let events = try home.kiln("events \(name) --format json")
                return count + events.split(separator: "\"instance.drifted\"").count - 1
            }
            try home.kiln("drift")
            return Row(
                goal: "none",
                seen:
                    "\(alarms), over \(fixed(request["--quiet"], 1)) minutes and \(requests) requests, \(ill) looks unwell",
                isMet: alarms == 0
            )
        }
    }
}
