import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem

/// How a change of a fleet ended, for people and for scripts.
struct OutcomeReport: Encodable {
    let fleet: FleetName
    /// `unready`, `unsure`, `unchanged`, `stable`, `rolled-back`, `stopped`, `frozen`, `degraded`, `paused`, `left`, `waiting`, `halted`, `untried`, `debugged`.
    let outcome: String
    var release: Int?
    var failedRelease: Int?
    /// Whether that release is at fault, and quarantined.
    var isBlamed: Bool?
    var reason: String?
    var instance: String?
    var logLines: [String]?
    private var diagnostic: Diagnostic?
    private var sentence = ""

    private enum CodingKeys: CodingKey {
        case fleet
        case outcome
        case release
        case failedRelease
        case isBlamed
        case reason
        case instance
        case logLines
    }

    init(_ fleet: FleetName, _ result: DeployOutcome) {
        self.fleet = fleet
        switch result {
        case .unchanged(let number, let policyChanged):
            outcome = "unchanged"
            release = number?.rawValue
            let state = number.map { "release \($0) runs as it should" } ?? "nothing runs, as it should"
            sentence =
                policyChanged
                ? "\(fleet): the policy was applied; \(state)" : "\(fleet): nothing to do, \(state)"
        case .stable(let number):
            outcome = "stable"
            release = number.rawValue
            sentence = "\(fleet): release \(number) is stable"
        case .untried(let number):
            outcome = "untried"
            release = number.rawValue
            sentence = "\(fleet): release \(number) is set, with no instances to try it"
        case .rolledBack(let number, let failed, let failure):
            outcome = "rolled-back"
            release = number.rawValue
            failedRelease = failed.rawValue
            isBlamed = failure.isBlamed
            let what = failure.isBlamed ? "failed" : "was given up"
            tell(
                failure,
                "release \(failed) of \(fleet) \(what); release \(number) serves again",
                .rolledBack
            )
            diagnostic?.hint =
                failure.isBlamed
                ? "release \(failed) is quarantined; fix it and deploy again"
                : "release \(failed) is not blamed: the next kiln deploy or kiln apply rolls it out again, unless the "
                    + "definition is put back or kiln freeze \(fleet) keeps the fleet as it is"
        case .unready(let number, let serving, let failure):
            outcome = "unready"
            release = serving?.rawValue
            failedRelease = number.rawValue
            let rest = serving.map { "; release \($0) serves on" } ?? ""
            tell(failure, "release \(number) of \(fleet) is not rolled out\(rest)", .failed)
            diagnostic?.hint = "release \(number) is quarantined; fix it and deploy again"
        case .unsure(let number, let serving, let why):
            outcome = "unsure"
            release = serving?.rawValue
            failedRelease = number.rawValue
            let rest = serving.map { "; release \($0) serves on" } ?? ""
            let failure = DeployOutcome.Failure(reason: why, evidence: nil)
            tell(failure, "release \(number) of \(fleet) is not rolled out yet\(rest)", .failed)
            diagnostic?.hint =
                "see whether it took effect; kiln resume \(fleet) runs it again, kiln abort \(fleet) gives the release up"
        case .stopped(let failure):
            outcome = "stopped"
            tell(failure, "fleet \(fleet) is stopped: there was no earlier release to go back to", .failed)
            diagnostic?.hint =
                failure.isBlamed ? "fix the release and deploy again" : "deploy again when the cause is gone"
        case .frozen(let failure):
            outcome = "frozen"
            tell(failure, "fleet \(fleet) is frozen as it is", .failed)
            diagnostic?.hint =
                "kiln status \(fleet) shows what runs; deploy, roll back or resume when you know more"
        case .degraded(let failure):
            outcome = "degraded"
            tell(failure, "fleet \(fleet) does not reach its wanted state", .failed)
            diagnostic?.hint = "kiln status \(fleet) shows what is missing; kiln resume \(fleet) tries again"
        case .waiting(let number, let why):
            outcome = "waiting"
            release = number?.rawValue
            reason = why
            let place = number.map { "release \($0)" } ?? "the rollout"
            sentence = """
                \(fleet): \(place) waits for a person: \(why)
                hint: kiln promote \(fleet) lets it go on, kiln abort \(fleet) goes back
                """
        case .halted(let why):
            outcome = "halted"
            reason = why
            sentence = "\(fleet): \(why)\nhint: kiln resume \(fleet) goes on"
        case .left(let number):
            outcome = "left"
            release = number?.rawValue
            let place = number.map { " to release \($0)" } ?? ""
            sentence = "\(fleet): what was under way\(place) is left to whoever changes the fleet next"
        case .debugged(let id, let until):
            outcome = "debugged"
            instance = id.description
            sentence =
                until.map { "\(fleet): instance \(id) is kept until \(WallClock.format($0))" }
                ?? "\(fleet): instance \(id) is destroyed"
        case .paused(let number):
            outcome = "paused"
            release = number?.rawValue
            let place = number.map { " to release \($0)" } ?? ""
            sentence = """
                \(fleet): the rollout\(place) is paused; what runs goes on serving
                hint: kiln resume \(fleet) goes on with it
                """
        }
    }

    func show(on console: Console) {
        if let diagnostic { console.show([diagnostic]) } else { console.message(sentence) }
    }

    private mutating func tell(_ failure: DeployOutcome.Failure, _ message: String, _ status: ExitStatus) {
        reason = failure.reason
        instance = failure.evidence?.instance.description
        logLines = failure.logLines
        var causes = [failure.reason]
        if !failure.logLines.isEmpty, let instance {
            causes.append(
                "last lines of \(instance):\n" + failure.logLines.suffix(10).joined(separator: "\n")
            )
        }
        diagnostic = Diagnostic(code: "fleet.\(outcome)", message, causes: causes, exitStatus: status)
    }
}
