package import KilnDefinition
package import KilnDrift
package import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

extension LocalPlatform {
    /// Compares the fleet's instances, layers and balancer with what they should be. Changes nothing.
    ///
    /// `releases` are the fleet's own records: an instance's folder is not believed about what its release is.
    package func drift(
        of fleet: FleetName,
        releases: [Release],
        readingEverything: Bool = false
    ) async throws -> DriftReport {
        let paths = FleetPaths(home: home, fleet: fleet)
        let cgroups = try Cgroups.current(of: home)
        let running = try runningInstances(paths)
        var findings: [DriftFinding] = []
        for instance in running {
            findings += try await instanceFindings(instance, releases, cgroups)
        }
        findings += try await layerFindings(running.map(\.paths), readingEverything)
        let strays = StrayFinder(paths: paths, cgroups: cgroups)
        findings += try strays.strayContainers()
        let balancer = balancer(paths)
        findings += try strays.balancerFindings(
            balancer.config(),
            isOurs: balancer.fileIsOurs(),
            try await balancer.process.state()
        )
        return DriftReport(fleet: fleet.description, checked: running.count, findings: findings)
    }

    private struct RunningInstance {
        let spec: InstanceSpec
        let paths: InstancePaths
        let pid: Int32
    }

    private func runningInstances(_ paths: FleetPaths) throws -> [RunningInstance] {
        try paths.instances().compactMap { instance in
            guard let spec = try Record.read(InstanceSpec.self, from: instance.spec),
                let record = try Record.read(ProcessRecord.self, from: instance.process),
                record.process.isAlive
            else { return nil }
            return RunningInstance(spec: spec, paths: instance, pid: record.process.pid)
        }
    }

    private func instanceFindings(
        _ instance: RunningInstance,
        _ releases: [Release],
        _ cgroups: Cgroups
    ) async throws -> [DriftFinding] {
        let number = instance.spec.release.number
        guard let release = releases.first(where: { $0.number == number }), release == instance.spec.release
        else {
            let detail = "its folder names a release that the fleet does not have"
            return [
                DriftFinding(
                    .configChanged,
                    instance: instance.spec.id,
                    subject: "release \(number)",
                    detail: detail
                )
            ]
        }
        guard let baseline = try DriftBaseline.load(instance.paths) else {
            let detail = "there is no record of how it was started"
            return [
                DriftFinding(.configChanged, instance: instance.spec.id, subject: "baseline", detail: detail)
            ]
        }
        let expected = baseline.facts(of: instance.spec)
        let observer = DriftObserver(cgroups: cgroups)
        let findings = try look(instance, expected, observer)
        guard findings.contains(where: { $0.kind == .foreignProcess }) else { return findings }
        // A process on its way into the instance (a health command) shows its runtime's program for a moment.
        try await Task.sleep(for: .milliseconds(300))
        let later = Set(try look(instance, expected, observer))
        return findings.filter { $0.kind != .foreignProcess || later.contains($0) }
    }

    /// Nothing when the instance ended meanwhile: a dead one is not drift.
    private func look(
        _ instance: RunningInstance,
        _ expected: InstanceFacts,
        _ observer: DriftObserver
    ) throws -> [DriftFinding] {
        do {
            let actual = try observer.facts(of: instance.spec, at: instance.paths, pid: instance.pid)
            return InstanceComparison(expected: expected, actual: actual).findings()
        } catch let error as SystemError
            where error.errno == .noSuchFileOrDirectory || error.errno == .noSuchProcess
        {
            return []
        }
    }

    /// One finding for each instance that stands on a layer with a problem.
    private func layerFindings(
        _ instances: [InstancePaths],
        _ readsEverything: Bool
    ) async throws -> [DriftFinding] {
        let roots = try instances.compactMap { paths in
            try Record.read(RootRecord.self, from: paths.root).map { (paths: paths, root: $0) }
        }
        let layers = Set(roots.flatMap(\.root.layers))
        let problems = try await LayerCheck(home: home, readsEverything: readsEverything).problems(
            with: layers
        )
        return try roots.flatMap { instance in
            let shared = instance.root.layers.compactMap { layer in
                problems[layer.path].map { (subject: "layer \(layer.diffID.short)", detail: $0) }
            }
            let own = try topProblem(instance.paths, instance.root).map {
                [(subject: "configuration layer", detail: $0)]
            }
            return (shared + (own ?? [])).map { problem in
                DriftFinding(
                    .layerAltered,
                    instance: instance.paths.id,
                    subject: problem.subject,
                    detail: problem.detail
                )
            }
        }
    }

    private func topProblem(_ paths: InstancePaths, _ root: RootRecord) throws -> String? {
        guard let bytes = try? Files.read(paths.topLayer, limit: 64 << 20) else {
            return "the sealed file is gone"
        }
        return Digest(of: bytes) == root.top ? nil : "differs from what was sealed"
    }

    /// Takes altered layers out of use, so that a replacement is not started from one: the next start seals them anew
    /// from the image's own blobs. What runs keeps its mounts until it is replaced.
    package func discardAlteredLayers(of fleet: FleetName, token: FencingToken) async throws {
        let paths = FleetPaths(home: home, fleet: fleet)
        try await fence(paths).pass(token) {
            let roots = try paths.instances().compactMap { try Record.read(RootRecord.self, from: $0.root) }
            let layers = Set(roots.flatMap(\.layers))
            let problems = try await LayerCheck(home: home, readsEverything: false).problems(with: layers)
            for layer in layers where problems[layer.path] != nil {
                try await RootMounts(home: home).forget(layer.diffID)
                try SealedLayers(home: home).discard(layer.diffID)
            }
        }
    }
}
