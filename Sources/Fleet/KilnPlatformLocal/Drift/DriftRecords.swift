import KilnDrift
import KilnOCI
import KilnSystem
import SystemPackage

/// What is kept beside an instance to compare it with, read again once a file moved: a look every ten seconds at each instance
/// costs no more than seeing that none did.
struct DriftRecords: Sendable {
    /// Of the bundle's `config.json`, as it is now.
    struct Bundle: Sendable {
        let facts: FileFacts?
        let digest: Digest?
    }

    let baseline: KeptRecord<DriftBaseline>
    /// What its first process was started with, once it has settled.
    var start: KeptRecord<StartFacts>
    let bundle: Bundle

    static func read(_ paths: InstancePaths, before: DriftRecords?) -> DriftRecords {
        DriftRecords(
            baseline: .read(DriftBaseline.path(paths), before: before?.baseline),
            start: .read(ProcessStart(paths: paths).file, before: before?.start),
            bundle: bundle(paths, before?.bundle)
        )
    }

    private static func bundle(_ paths: InstancePaths, _ before: Bundle?) -> Bundle {
        let file = paths.bundle.appending("config.json")
        // Looked at first: what is written meanwhile moves them once more.
        let facts = Files.facts(file)
        if let before, let facts, before.facts == facts { return before }
        return Bundle(facts: facts, digest: (try? Files.read(file)).map { Digest(of: $0) })
    }
}
