import KilnDrift
import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

/// Compares what instances stand on with what was sealed.
struct LayerDrift: Sendable {
    let home: KilnHome
    let readsEverything: Bool

    /// One finding for each instance that stands on a layer with a problem.
    func findings(_ instances: [InstancePaths]) async throws -> [DriftFinding] {
        var findings: [DriftFinding] = []
        var roots: [(paths: InstancePaths, root: RootRecord)] = []
        for paths in instances {
            if let root = Record.readable(RootRecord.self, from: paths.root) {
                roots.append((paths, root))
            } else {
                findings.append(finding(paths, "root.json", "cannot be read"))
            }
        }
        let problems = try await LayerCheck(home: home, readsEverything: readsEverything).problems(
            with: Set(roots.flatMap(\.root.layers))
        )
        for (paths, root) in roots {
            for layer in root.layers {
                guard let problem = problems[layer.path] else { continue }
                findings.append(finding(paths, "layer \(layer.diffID.short)", problem))
            }
            if let problem = topProblem(paths, root) {
                findings.append(finding(paths, "configuration layer", problem))
            }
        }
        return findings
    }

    private func topProblem(_ paths: InstancePaths, _ root: RootRecord) -> String? {
        guard let bytes = try? Files.read(paths.topLayer, limit: 64 << 20) else {
            return "the sealed file is gone"
        }
        return Digest(of: bytes) == root.top ? nil : "differs from what was sealed"
    }

    private func finding(_ paths: InstancePaths, _ subject: String, _ detail: String) -> DriftFinding {
        DriftFinding(.layerAltered, instance: paths.id, subject: subject, detail: detail)
    }
}
