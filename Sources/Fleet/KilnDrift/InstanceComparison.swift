import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

/// Compares what an instance is with what it was started as. Pure: no I/O.
package struct InstanceComparison: Sendable {
    private let expected: InstanceFacts
    private let actual: InstanceFacts

    package init(expected: InstanceFacts, actual: InstanceFacts) {
        self.expected = expected
        self.actual = actual
    }

    package func findings() -> [DriftFinding] {
        mountFindings() + ProcessComparison(expected: expected, actual: actual).findings() + configFindings()
    }

    private func mountFindings() -> [DriftFinding] {
        if expected.mounts == actual.mounts { return [] }
        let before = Dictionary(grouping: expected.mounts, by: \.id)
        let now = Set(actual.mounts.map(\.id))
        let changes = actual.mounts.compactMap { mount -> DriftFinding? in
            guard let known = before[mount.id]?.first else {
                return finding(
                    .overMount,
                    mount.target.string,
                    "\(mount.type) mounted, not part of the release"
                )
            }
            guard known.identity != mount.identity else { return nil }
            return finding(.mountChanged, mount.target.string, change(from: known, to: mount))
        }
        let missing = expected.mounts.filter { !now.contains($0.id) }
        return changes
            + missing.map { finding(.mountChanged, $0.target.string, "\($0.type) is no longer mounted") }
    }

    private func change(from known: MountEntry, to mount: MountEntry) -> String {
        guard known.target == mount.target, known.type == mount.type else {
            return "was \(known.type) at \(known.target), is \(mount.type) at \(mount.target)"
        }
        let gained = mount.allOptions.subtracting(known.allOptions).sorted()
        let lost = known.allOptions.subtracting(mount.allOptions).sorted()
        let parts = gained.map { "+\($0)" } + lost.map { "-\($0)" }
        return parts.isEmpty
            ? "shows another directory or device" : "options changed: \(parts.joined(separator: " "))"
    }

    private func configFindings() -> [DriftFinding] {
        var findings: [DriftFinding] = []
        for (path, digest) in expected.configFiles.sorted(by: { $0.key < $1.key }) {
            let found = actual.configFiles[path] ?? nil
            guard found != digest else { continue }
            findings.append(finding(.configChanged, path, found == nil ? "is missing" : "has other content"))
        }
        for (name, value) in expected.limits.sorted(by: { $0.key < $1.key })
        where actual.limits[name] != value {
            findings.append(
                finding(
                    .configChanged,
                    name,
                    "is \(actual.limits[name] ?? "missing"), the release says \(value)"
                )
            )
        }
        return findings
    }

    private func finding(_ kind: DriftFinding.Kind, _ subject: String, _ detail: String) -> DriftFinding {
        DriftFinding(kind, instance: expected.instance, subject: subject, detail: detail)
    }
}

extension MountEntry {
    /// What of a mount its users may rely on; the parent and the order may differ between two looks.
    fileprivate var identity: [String] {
        [target.string, device, root, type, source] + allOptions.sorted()
    }

    /// With those of the file system as a whole, such as a tmpfs' size. Of a file system that the host shows a folder of (a volume)
    /// they are the host's affair, but for whether it can be written.
    fileprivate var allOptions: Set<String> {
        let whole = root == "/" ? superOptions : superOptions.filter { ["ro", "rw"].contains($0) }
        return Set(options).union(whole.map { "\($0) (file system)" })
    }
}
