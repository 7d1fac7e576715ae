package import KilnDefinition
package import KilnOCI

/// What a plan was made from: a saved plan applies only while none of it has moved.
///
/// How many instances serve at the moment is no part of it: whether one has died since changes nothing of what is wanted.
package struct ApplyBasis: Sendable, Hashable, Codable {
    package struct Fleet: Sendable, Hashable, Codable {
        package let name: FleetName
        package let release: ReleaseNumber?
        package let phase: FleetStatus.Phase
        package let isPaused: Bool
        package let freeze: String?
        package let waits: String?
        /// The release whose rollout waits for the work before it.
        package let pending: ReleaseNumber?
        package let policy: Digest
        package let origin: FleetOrigin?
    }

    /// By its name: a text of any kind that went into the plan.
    package struct Input: Sendable, Hashable, Codable {
        package let name: String
        package let digest: Digest

        package init(_ name: String, _ digest: Digest) {
            self.name = name
            self.digest = digest
        }
    }

    package let environment: EnvironmentName?
    /// Whether fleets of other definitions are taken over.
    package let takesOver: Bool
    /// The definition, its lock, images by what goes into them, configuration files.
    package let inputs: [Input]
    /// Manifests of the images that the plan found whole: the same can go into another image where a step is not reproducible.
    package let images: [Input]?
    package let fleets: [Fleet]

    package init(
        environment: EnvironmentName?,
        takesOver: Bool = false,
        inputs: [Input],
        images: [Input] = [],
        present: [PresentFleet]
    ) throws {
        self.environment = environment
        self.takesOver = takesOver
        self.inputs = inputs
        self.images = images
        fleets = try present.compactMap { fleet in
            guard let standing = fleet.standing else { return nil }
            return Fleet(
                name: fleet.name,
                release: standing.release,
                phase: standing.phase,
                isPaused: standing.isPaused,
                freeze: standing.freeze,
                waits: standing.waits,
                pending: standing.pending,
                policy: Digest(of: try CanonicalJSON.encode(standing.policy)),
                origin: standing.origin
            )
        }
    }

    /// What is no longer as it was, in a phrase each.
    package func moved(to now: ApplyBasis) -> [String] {
        let names = (inputs + now.inputs).map(\.name)
        let before = Dictionary(inputs.map { ($0.name, $0.digest) }) { first, _ in first }
        let after = Dictionary(now.inputs.map { ($0.name, $0.digest) }) { first, _ in first }
        var told: Set<String> = []
        var moved = names.filter { before[$0] != after[$0] && told.insert($0).inserted }.map {
            "\($0) is another"
        }
        let there = Dictionary((now.images ?? []).map { ($0.name, $0.digest) }) { first, _ in first }
        for image in images ?? [] where !told.contains("what goes into \(image.name)") {
            guard let digest = there[image.name] else {
                moved.append("\(image.name) is to be baked now")
                continue
            }
            if digest != image.digest {
                moved.append("\(image.name) is another, though the same goes into it")
            }
        }
        if takesOver != now.takesOver {
            moved.append(takesOver ? "nothing is to be taken over now" : "fleets are to be taken over now")
        }
        let earlier = Dictionary(fleets.map { ($0.name, $0) }) { first, _ in first }
        let later = Dictionary(now.fleets.map { ($0.name, $0) }) { first, _ in first }
        for name in Set(earlier.keys).union(later.keys).sorted(by: { $0.description < $1.description }) {
            moved += Self.moved(name, earlier[name], later[name])
        }
        return moved
    }

    private static func moved(_ name: FleetName, _ before: Fleet?, _ after: Fleet?) -> [String] {
        guard let before else { return ["fleet \(name) was made since"] }
        guard let after else { return ["fleet \(name) was destroyed since"] }
        func words(_ release: ReleaseNumber?) -> String { release.map { "release \($0)" } ?? "no release" }
        var moved: [String] = []
        if before.release != after.release {
            moved.append("fleet \(name) is of \(words(after.release)) instead of \(words(before.release))")
        }
        if before.phase != after.phase || before.isPaused != after.isPaused {
            let paused = after.isPaused ? ", paused" : ""
            moved.append(
                "fleet \(name) is \(after.phase.rawValue)\(paused) instead of \(before.phase.rawValue)"
            )
        }
        if before.freeze != after.freeze {
            moved.append("fleet \(name) is \(after.freeze.map { "frozen: \($0)" } ?? "no longer frozen")")
        }
        if before.waits != after.waits, before.isPaused == after.isPaused {
            moved.append("fleet \(name) \(after.waits.map { "waits: \($0)" } ?? "waits for nobody any more")")
        }
        if before.pending != after.pending {
            moved.append("of fleet \(name) \(words(after.pending)) is to come")
        }
        if before.policy != after.policy { moved.append("the policy of fleet \(name) is another") }
        if before.origin != after.origin {
            moved.append("fleet \(name) belongs to \(after.origin?.description ?? "no definition")")
        }
        return moved
    }
}

/// A plan as `kiln plan -o` keeps it for `kiln apply`.
package struct SavedPlan: Sendable, Codable {
    package static let currentFormat = "kiln.plan/1"

    package let format: String
    /// Seconds since 1970.
    package let made: Int64
    package let basis: ApplyBasis
    package let plan: ApplyPlan

    package init(made: Int64, basis: ApplyBasis, plan: ApplyPlan) {
        format = Self.currentFormat
        self.made = made
        self.basis = basis
        self.plan = plan
    }
}
