/// What a pipeline publishes.
enum PipelineRules {
    static let all = [unguardedPublish]

    static let unguardedPublish = LintRule(
        "IL060",
        "A pipeline publishes an image unexamined, or runs what can be moved",
        why:
            "What is pushed is what will run. Without a scan before it, a bill of materials and a signature nobody "
            + "can say later what was let out; and an action named by a tag may be another one tomorrow.",
        remedy:
            "Scan before the push and stop on findings, attach an SBOM, sign by digest; name actions by the full "
            + "commit.",
        .warning,
        .core,
        on: [.github, .gitlab]
    ) { document, sink in
        if document.kind == .github { actions(document, &sink) } else { includes(document, &sink) }
        PipelineJob(document).report(&sink)
    }

    private static func actions(_ document: LintDocument, _ sink: inout FindingSink) {
        for use in PipelineJob.uses(of: document.root) {
            guard let text = use.text, !text.hasPrefix("./"), !text.hasPrefix("docker://"),
                !text.hasPrefix("../")
            else { continue }
            let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                sink.report(use.range, "\(text) names no commit")
                continue
            }
            let isCommit = parts[1].count == 40 && parts[1].allSatisfy(\.isHexDigit)
            if !isCommit { sink.report(use.range, "\(parts[0]) is named by \(parts[1]), which can be moved") }
        }
    }

    private static func includes(_ document: LintDocument, _ sink: inout FindingSink) {
        for include in document.root["include"]?.itemsOrSelf ?? [] {
            if let remote = include["remote"], remote.text?.hasPrefix("http") == true,
                include["integrity"] == nil
            {
                sink.report(remote.range, "what is included from there may be another text tomorrow")
            }
            guard let project = include["project"] else { continue }
            let ref = include["ref"]?.text ?? ""
            let isCommit = ref.count == 40 && ref.allSatisfy(\.isHexDigit)
            if !isCommit {
                sink.report((include["ref"] ?? project).range, "the included project is named by no commit")
            }
        }
    }
}
