import KilnDiagnostics

/// Whether steps that compare releases can.
extension DefinitionChecks {
    func judgeAnalysis(of fleet: FleetDefinition, at path: FieldPath, _ reading: inout Reading) {
        let steps = path + "rollout" + "steps"
        guard reading.isSound(steps), reading.isSound(path + "listen") else { return }
        for (index, step) in fleet.rollout.steps.enumerated() {
            guard let analysis = step.analysis else { continue }
            let place = steps + index + "analyze"
            if fleet.listen?.hasHTTP != true {
                reading.report(
                    "useless-key",
                    fleet.listen == nil
                        ? "nothing can be compared: the fleet has no balancer that counts"
                        : "nothing can be compared: requests are counted in HTTP alone, and no listener speaks it",
                    at: reading.span(place),
                    hint: fleet.listen == nil
                        ? "add listen to the fleet, or leave analyze out" : "leave analyze out"
                )
            } else if case .time(let pause) = step.pause, pause < analysis.leastTime {
                let least = DurationText.text(analysis.leastTime)
                reading.report(
                    "short-step",
                    "the step ends before its analysis can find anything: that takes \(least) or more",
                    at: reading.span(steps + index + "pause"),
                    hint: "pause is to be at least interval x (failures + 1); or lower those two",
                    notes: reading.note("the analysis is here", at: place)
                )
            }
        }
    }
}
