/// All rules, in the order of their numbers.
package enum RuleTable {
    package static let all: [LintRule] =
        (ImageRules.all + BuildRules.all + ImageContentRules.all + ContainerRules.all + ObjectRules.all
        + MutationRules.all + CloudRules.all + StackRules.all + PackerRules.all + PipelineRules.all
        + HonestyRules.all).sorted { $0.id < $1.id }

    private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

    package static func rule(_ id: String) -> LintRule? { byID[id] }
}
