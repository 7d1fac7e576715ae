import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnGate
import KilnOCI

/// What a gate refused, as people read it.
enum GateText {
    static func refusal(of content: ReleaseContent, _ verdict: GateVerdict, fleet: FleetName) -> Diagnostic {
        Diagnostic(
            code: "gate.refused",
            "image \(content.imageName) (\(content.image.short)) does not pass its gate: no release is made of it",
            causes: causes(verdict),
            hint: hint(verdict, past: "kiln deploy \(fleet)"),
            exitStatus: .gateRefused
        )
    }

    static func obstacle(_ verdict: GateVerdict) -> ApplyPlan.Obstacle {
        let rules = verdict.refusals.map { "\($0.rule.rawValue): \($0.facts[0])" }
        return ApplyPlan.Obstacle(
            .gate,
            "the image does not pass its gate: \(rules.joined(separator: "; "))",
            hint: hint(verdict, past: "kiln apply")
        )
    }

    /// Each fact with the rule that it is against.
    static func causes(_ verdict: GateVerdict) -> [String] {
        verdict.refusals.flatMap { refusal in refusal.facts.map { "\(refusal.rule.rawValue): \($0)" } }
    }

    private static func hint(_ verdict: GateVerdict, past command: String) -> String {
        let remedies = verdict.refusals.map(\.remedy)
        var seen: Set<String> = []
        let told = remedies.filter { seen.insert($0).inserted }
        return told.joined(separator: "; ") + "; past it: \(command) --override --why TEXT"
    }
}
