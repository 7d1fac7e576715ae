import KilnDiagnostics
import OrderedCollections

/// What environments set must be there to be set.
struct EnvironmentChecks {
    private let draft: DefinitionDraft

    init(_ draft: DefinitionDraft) {
        self.draft = draft
    }

    func judge(_ reading: inout Reading) {
        for (name, environment) in draft.environments {
            let path: FieldPath = ["environments", name.description]
            let vars = environment.vars.keys
            judge(Array(vars), at: path + "vars", "variable", among: reading.names(at: ["vars"]), &reading)
            let fleets = environment.fleets.keys.map(\.description)
            guard reading.isUsable(["fleets"]) else { continue }
            judge(fleets, at: path + "fleets", "fleet", among: reading.names(at: ["fleets"]), &reading)
        }
    }

    private func judge(
        _ names: [String],
        at path: FieldPath,
        _ noun: String,
        among known: [String],
        _ reading: inout Reading
    ) {
        for name in names where !known.contains(name) {
            reading.report(
                noun == "fleet" ? "unknown-fleet" : "unknown-var",
                "there is no \(noun) \"\(name)\" to set",
                at: reading.keySpan(path + name),
                hint: Spelling.hint(for: name, in: Array(known.prefix(500)))
                    ?? "an environment sets what the file has: the definition has no \(noun)s yet"
            )
        }
    }
}
