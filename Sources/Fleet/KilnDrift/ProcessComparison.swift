import KilnFleet
import KilnSystem
import SystemPackage

/// Compares an instance's processes with what it may run. Pure.
struct ProcessComparison: Sendable {
    let expected: InstanceFacts
    let actual: InstanceFacts

    /// Programs come from the root alone: neither a volume nor anything mounted later may hold one.
    func findings() -> [DriftFinding] {
        let root = expected.mounts.last { $0.target == "/" }?.id
        return actual.processes.flatMap { programFindings($0, root: root) + privilegeFindings($0) }
            + startFindings()
    }

    private func programFindings(_ process: ProcessFacts, root: Int?) -> [DriftFinding] {
        func foreign(_ detail: String) -> [DriftFinding] {
            [
                finding(
                    .foreignProcess,
                    process,
                    "runs \(process.executable)\(detail)",
                    after: process.executable
                )
            ]
        }
        if process.origin == .outside { return foreign(", came from outside") }
        if process.mountID != root { return foreign(", which is not in the image") }
        if process.isDeleted { return foreign(", whose file is gone") }
        if actual.changedFiles.contains(process.executable) { return foreign(", which is not the image's") }
        guard process.origin == .session else { return [] }
        return [finding(.session, process, "was entered from the host, runs \(process.executable)")]
    }

    /// Nothing in an instance ever has a privilege, or can get one.
    private func privilegeFindings(_ process: ProcessFacts) -> [DriftFinding] {
        guard process.origin != .outside else { return [] }
        var findings: [DriftFinding] = []
        if process.capabilities != 0 {
            let bits = "0x" + String(process.capabilities, radix: 16)
            findings.append(changed(process, "has capabilities", before: "none", after: bits))
        }
        if !process.isConfined {
            findings.append(
                changed(
                    process,
                    "runs without its seccomp filter, or may gain privileges",
                    before: "confined"
                )
            )
        }
        for (kind, number) in expected.namespaces.sorted(by: { $0.key < $1.key }) {
            guard let now = process.namespaces[kind], now != number else { continue }
            findings.append(
                changed(process, "is in another \(kind) namespace", before: "\(number)", after: "\(now)")
            )
        }
        return findings
    }

    /// What the first process was started with. A process may write over its own arguments, to tell in `ps` what it does: only
    /// another execve counts for those.
    private func startFindings() -> [DriftFinding] {
        guard let before = expected.start, let now = actual.start,
            let process = actual.processes.first(where: { $0.pid == actual.first })
        else { return [] }
        let isAnother = before.image != now.image
        var findings: [DriftFinding] = []
        if isAnother, before.arguments != now.arguments {
            findings.append(
                changed(
                    process,
                    "has other arguments",
                    before: before.arguments.joined(separator: " "),
                    after: now.arguments.joined(separator: " ")
                )
            )
        }
        // A process that writes over its variables leaves none of their names.
        if isAnother || Set(before.variables.keys) == Set(now.variables.keys) {
            let names = Set(before.variables.keys).union(now.variables.keys).sorted()
                .filter { before.variables[$0] != now.variables[$0] }
            if !names.isEmpty {
                findings.append(
                    changed(process, "has other values for the variables \(names.joined(separator: ", "))")
                )
            }
        }
        for (name, values) in before.limits.sorted(by: { $0.key < $1.key }) where now.limits[name] != values {
            findings.append(
                changed(
                    process,
                    "has another limit: \(name)",
                    before: values.joined(separator: "/"),
                    after: now.limits[name]?.joined(separator: "/")
                )
            )
        }
        return findings
    }

    private func changed(
        _ process: ProcessFacts,
        _ detail: String,
        before: String? = nil,
        after: String? = nil
    ) -> DriftFinding {
        finding(.processChanged, process, detail, before: before, after: after)
    }

    private func finding(
        _ kind: DriftFinding.Kind,
        _ process: ProcessFacts,
        _ detail: String,
        before: String? = nil,
        after: String? = nil
    ) -> DriftFinding {
        var finding = DriftFinding(
            kind,
            instance: expected.instance,
            subject: process.subject,
            detail: detail,
            before: before,
            after: after
        )
        if kind != .processChanged { finding.since = process.started }
        return finding
    }
}
