import KilnDiagnostics
import OrderedCollections

/// What a fleet needs of its image, and its values of each other.
extension DefinitionChecks {
    func judgeFleets(_ reading: inout Reading) {
        for (name, fleet) in definition.fleets {
            let path: FieldPath = ["fleets", name.description]
            judgeName(name, at: path, &reading)
            if reading.isSound(path + "image") { judgeImage(of: fleet, at: path, &reading) }
            judgeTimes(fleet.rollout, at: path + "rollout", &reading)
            judgeAge(fleet, at: path, &reading)
            judgeBudget(fleet, at: path, &reading)
            judgeStrategy(fleet, at: path + "rollout", &reading)
            judgeAnalysis(of: fleet, at: path, &reading)
            judgeConfig(fleet, at: path + "config" + "files", &reading)
            judgeSecrets(of: fleet, at: path, &reading)
            judgeSources(of: fleet, at: path + "config", &reading)
            judgeRedirects(of: fleet, at: path, &reading)
        }
        judgeListeners(&reading)
    }

    private func judgeName(_ name: FleetName, at path: FieldPath, _ reading: inout Reading) {
        guard name.description.hasPrefix(FleetName.trialPrefix) else { return }
        reading.report(
            "reserved-name",
            "no fleet's name begins with \(FleetName.trialPrefix)",
            at: reading.span(path),
            hint: "kiln test uses such names for what it starts and removes; choose another one"
        )
    }

    private func judgeImage(of fleet: FleetDefinition, at path: FieldPath, _ reading: inout Reading) {
        let names = reading.names(at: ["images"])
        guard names.contains(fleet.image.description) else {
            guard reading.isUsable(["images"]) else { return }
            reportUnknown(
                "image",
                fleet.image.description,
                among: names,
                at: reading.span(path + "image"),
                &reading
            )
            return
        }
        let image = definition.resolvedImage(fleet.image)
        // What an image of a registry brings shows when it is deployed.
        let isWhole = !definition.standsOnRegistry(fleet.image)
        if isWhole, image.entrypoint.isEmpty, isSound("entrypoint", inChainOf: fleet.image, reading) {
            reading.report(
                "no-entrypoint",
                "the image \"\(fleet.image)\" says nothing to run",
                at: reading.span(path + "image"),
                hint: "add an entrypoint to the image, such as entrypoint: [python3, /opt/shop/server.py]",
                notes: reading.note("the image is here", at: ["images", fleet.image.description])
            )
        }
        if isWhole || !image.ports.isEmpty { judgePorts(of: fleet, image, at: path, &reading) }
        judgeAnswers(of: fleet, image, at: path, &reading)
    }

    /// Before an instance counts as available it has answered well some times, and has stayed well for a while: both must
    /// fit into the time that it has.
    private func judgeAnswers(
        of fleet: FleetDefinition,
        _ image: ImageDefinition,
        at path: FieldPath,
        _ reading: inout Reading
    ) {
        let (least, most) = (path + "rollout" + "min_healthy", path + "rollout" + "healthy_deadline")
        let rollout = fleet.rollout
        guard let health = image.health, isSound("health", inChainOf: fleet.image, reading),
            reading.isSound(least), reading.isSound(most), rollout.minHealthy < rollout.healthyDeadline
        else { return }
        let needed = health.interval * (health.healthy - 1) + rollout.minHealthy
        guard needed >= rollout.healthyDeadline else { return }
        let limit = DurationText.text(rollout.healthyDeadline)
        reading.report(
            "deadlines",
            "no instance can become available within healthy_deadline (\(limit)): it takes \(DurationText.text(needed)) or more",
            at: reading.span(most) ?? reading.span(least) ?? reading.span(path + "image"),
            hint:
                "interval x (healthy - 1) of the image's health, and min_healthy, are to be shorter together",
            notes: reading.note("the image is here", at: ["images", fleet.image.description])
        )
    }

    private func judgeTimes(_ rollout: RolloutDefinition, at path: FieldPath, _ reading: inout Reading) {
        let times = [
            (key: "min_healthy", value: rollout.minHealthy),
            (key: "healthy_deadline", value: rollout.healthyDeadline),
            (key: "progress_deadline", value: rollout.progressDeadline),
        ]
        for (shorter, longer) in zip(times, times.dropFirst()) where shorter.value >= longer.value {
            guard reading.isSound(path + shorter.key), reading.isSound(path + longer.key) else { continue }
            // At least one of the two was written: the defaults fit each other.
            let subject = reading.isWritten(path + longer.key) ? longer : shorter
            let other = subject.key == longer.key ? shorter : longer
            reading.report(
                "deadlines",
                "\(shorter.key) (\(DurationText.text(shorter.value))) is not shorter than \(longer.key) (\(DurationText.text(longer.value)))",
                at: reading.span(path + subject.key),
                hint: reading.isWritten(path + other.key)
                    ? "min_healthy < healthy_deadline < progress_deadline"
                    : "set \(other.key) too: without it, it is \(DurationText.text(other.value))",
                notes: reading.note("\(other.key) is here", at: path + other.key)
            )
        }
    }

    /// An instance that is replaced for its age must have had the time to replace another one.
    private func judgeAge(_ fleet: FleetDefinition, at path: FieldPath, _ reading: inout Reading) {
        let deadline = path + "rollout" + "progress_deadline"
        guard let age = fleet.maxAge, reading.isSound(path + "max_age"), reading.isSound(deadline),
            age <= fleet.rollout.progressDeadline
        else { return }
        reading.report(
            "max-age",
            "max_age (\(DurationText.text(age))) is not longer than progress_deadline (\(DurationText.text(fleet.rollout.progressDeadline)))",
            at: reading.span(path + "max_age"),
            hint: "instances would be too old before the one before them is replaced; a day is 24h",
            notes: reading.note("progress_deadline is here", at: deadline)
        )
    }

    private func judgeBudget(_ fleet: FleetDefinition, at path: FieldPath, _ reading: inout Reading) {
        let surge = path + "rollout" + "surge"
        let unavailable = path + "rollout" + "unavailable"
        guard reading.isSound(surge), reading.isSound(unavailable) else { return }
        let image = definition.resolvedImage(fleet.image)
        if let exclusive = image.exclusivePath, reading.isSound(path + "image"),
            isSound("state", inChainOf: fleet.image, reading)
        {
            judgeExclusive(fleet, exclusive, at: path, &reading)
        } else if fleet.rollout.surge.isNone, fleet.rollout.unavailable.isNone {
            reading.report(
                "no-room",
                "nothing can be replaced with surge \(fleet.rollout.surge.text) and unavailable \(fleet.rollout.unavailable.text)",
                at: reading.span(surge),
                hint: "surge: 1 starts the new instance first; unavailable: 1 ends the old one first",
                notes: reading.note("unavailable is here", at: unavailable)
            )
        }
    }

    /// Each strategy has its own keys, and what one does not know would be left undone.
    private func judgeStrategy(
        _ fleet: FleetDefinition,
        at path: FieldPath,
        _ reading: inout Reading
    ) {
        guard reading.isSound(path + "strategy"), reading.isSound(path + "steps") else { return }
        let rollout = fleet.rollout
        let weights = rollout.steps.map(\.weight)
        if rollout.strategy == .canary, weights.isEmpty {
            reading.report(
                "no-steps",
                "a canary needs steps",
                at: reading.span(path + "strategy"),
                hint: "add steps, such as steps: [{weight: 10, pause: 5m}, {weight: 50, pause: manual}]"
            )
        } else if !zip(weights, weights.dropFirst()).allSatisfy({ $0 < $1 }) {
            reading.report(
                "steps",
                "the weights of the steps do not ascend: \(weights.map(String.init).joined(separator: ", "))",
                at: reading.span(path + "steps"),
                hint: "give each step a greater weight than the one before"
            )
        }
        let isStrange = (
            steps: !weights.isEmpty && rollout.strategy != .canary,
            promote: reading.isWritten(path + "promote") && rollout.strategy == .rolling
        )
        for (key, isStrange, strategy) in [
            ("steps", isStrange.steps, "canary"), ("promote", isStrange.promote, "blue-green"),
        ] where isStrange {
            reading.report(
                "other-strategy",
                "\(key) means nothing to a rollout with strategy: \(rollout.strategy.rawValue)",
                at: reading.span(path + key),
                hint: "leave it out, or write strategy: \(strategy)"
            )
        }
    }

    private func judgeExclusive(
        _ fleet: FleetDefinition,
        _ volume: String,
        at path: FieldPath,
        _ reading: inout Reading
    ) {
        let why = "the volume at \(volume) is exclusive"
        let notes = reading.note("the image is here", at: ["images", fleet.image.description])
        let surge = path + "rollout" + "surge"
        let unavailable = path + "rollout" + "unavailable"
        if reading.isWritten(surge), !fleet.rollout.surge.isNone {
            reading.report(
                "exclusive",
                "no instance can be added while rolling: \(why)",
                at: reading.span(surge),
                hint:
                    "leave surge out; or make the access shared or per_slot, for a rollout without an interruption",
                notes: notes
            )
        }
        if reading.isWritten(unavailable), fleet.rollout.unavailable.isNone {
            reading.report(
                "exclusive",
                "an instance must be missing while rolling: \(why)",
                at: reading.span(unavailable),
                hint:
                    "leave unavailable out; or make the access shared or per_slot, for a rollout without an interruption",
                notes: notes
            )
        }
        if fleet.instances > 1, reading.isSound(path + "instances") {
            reading.report(
                "exclusive",
                "only one instance can run: \(why)",
                at: reading.span(path + "instances"),
                hint: "write instances: 1; or make the access shared or per_slot",
                notes: notes
            )
        }
    }

    private func judgeConfig(_ fleet: FleetDefinition, at path: FieldPath, _ reading: inout Reading) {
        guard reading.isSound(path) else { return }
        judgeTargets(fleet.config.files, at: path, &reading)
        guard let states = StateOwner(of: fleet.image, in: definition, reading),
            isSound("state", inChainOf: fleet.image, reading)
        else { return }
        reportHidden(fleet.config.files.map(\.target), at: path, by: states, &reading)
    }
}
