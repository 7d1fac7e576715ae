import Glibc

/// Everything that a home has on the machine against the instances that it has: what belongs to none, and what is there twice.
struct Remains {
    let found: [String]

    init(of home: TestHome) {
        var found: [String] = []
        let instances = home.names.flatMap(home.instances)
        let names = Set(instances.map(\.name))
        func expect(_ what: String, _ there: some Sequence<String>) {
            let there = there.sorted()
            let doubled = Dictionary(grouping: there) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
            let orphans = Set(there).subtracting(names).sorted()
            let missing = names.subtracting(there).sorted()
            if !orphans.isEmpty { found.append("\(what) of no instance: \(orphans)") }
            if !doubled.isEmpty { found.append("\(what) twice: \(doubled)") }
            if !missing.isEmpty { found.append("\(what) missing: \(missing)") }
        }
        expect("container", Text.list("\(home.runtime)/runc"))
        expect("network namespace", Text.list("\(home.runtime)/netns"))
        expect("runtime folder", Text.list("\(home.runtime)/instances"))
        expect("root mount", Self.roots(home))
        expect("supervisor", Self.supervisors(home))
        expect("address", Self.addresses(home))
        expect("balancer entry", home.names.flatMap { home.servers(of: $0).keys })
        found +=
            Self.slots(instances) + Self.groups(home, names) + Self.balancers(home, isEmpty: names.isEmpty)
        if names.isEmpty {
            let mounts = Text.read("/proc/self/mountinfo").split(separator: "\n")
                .filter { $0.contains(" \(home.runtime)/") }
            if !mounts.isEmpty { found.append("mounts left: \(mounts)") }
        }
        self.found = found
    }

    private static func slots(_ instances: [Instance]) -> [String] {
        Dictionary(grouping: instances) { "\($0.fleet)/\($0.slot ?? -1)" }
            .filter { $0.value.count > 1 }
            .map { "two instances in slot \($0.key): \($0.value.map(\.name))" }
    }

    private static func roots(_ home: TestHome) -> [String] {
        let prefix = "\(home.runtime)/instances/"
        return Text.read("/proc/self/mountinfo").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 4, line.contains(" - overlay "), words[4].hasPrefix(prefix) else {
                return nil
            }
            return words[4].dropFirst(prefix.count).split(separator: "/").first.map(String.init)
        }
    }

    private static func supervisors(_ home: TestHome) -> [String] {
        Processes.all.compactMap { process in
            let words = Processes.words(of: process)
            guard words.first?.hasSuffix("conmon") == true, words.contains("\(home.runtime)/conmon"),
                let mark = words.firstIndex(of: "-c"), words.indices.contains(mark + 1)
            else { return nil }
            return words[mark + 1]
        }
    }

    private static func addresses(_ home: TestHome) -> [String] {
        Text.list("\(home.home)/network/leases").flatMap { bridge in
            let folder = "\(home.home)/network/leases/\(bridge)"
            return Text.list(folder).filter { $0.first?.isNumber == true }.map { name in
                String(Text.read("\(folder)/\(name)").prefix { !$0.isNewline })
            }
        }
    }

    /// Control groups of no instance, and processes in those.
    private static func groups(_ home: TestHome, _ names: Set<String>) -> [String] {
        var found: Set<String> = []
        let tops = ["/sys/fs/cgroup"] + Text.list("/sys/fs/cgroup").map { "/sys/fs/cgroup/\($0)" }
        for top in tops {
            for fleet in home.names {
                let folder = "\(top)/kiln-\(home.identifier)/\(fleet)"
                for name in Text.list(folder) where name.hasPrefix("\(fleet)-") && !names.contains(name) {
                    let count = Text.read("\(folder)/\(name)/cgroup.procs").split(separator: "\n").count
                    found.insert("control group of no instance: \(name), \(count) processes")
                }
            }
        }
        return found.sorted()
    }

    /// One master for each fleet, none without instances.
    private static func balancers(_ home: TestHome, isEmpty: Bool) -> [String] {
        let all = Processes.all
        return home.names.compactMap { fleet in
            let file = "\(home.home)/run/\(fleet)/haproxy.cfg"
            let ours = Set(all.filter { Processes.words(of: $0).contains(file) && Processes.isAlive($0) })
            let masters = ours.filter { process in
                Processes.parent(of: process).map { !ours.contains($0) } ?? true
            }
            let wanted = isEmpty ? 0 : 1
            return masters.count == wanted
                ? nil : "\(masters.count) balancers of \(fleet): \(masters.sorted())"
        }
    }
}
