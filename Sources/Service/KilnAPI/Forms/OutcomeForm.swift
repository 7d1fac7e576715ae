import KilnFleet

/// How a change ended, as it is sent; the words are those of `--format json`.
struct OutcomeForm: Sendable, Hashable, Codable {
    enum Word: String, Sendable, Hashable, Codable {
        case unchanged
        case stable
        case rolledBack = "rolled-back"
        case unready
        case unsure
        case stopped
        case frozen
        case degraded
        case paused
        case left
        case waiting
        case halted
        case untried
        case debugged
    }

    var outcome: Word
    var release: ReleaseNumber?
    var failedRelease: ReleaseNumber?
    /// What runs on instead.
    var serving: ReleaseNumber?
    var policyChanged: Bool?
    var reason: String?
    var evidence: FailureEvidence?
    /// The instance that a person looks at, and until when it is there; absent when it is gone.
    var instance: InstanceID?
    var until: Int64?
    /// Whether the release is at fault; of failures only.
    var isBlamed: Bool?

    init(_ result: DeployOutcome) {
        switch result {
        case .unchanged(let number, let policyChanged):
            outcome = .unchanged
            release = number
            self.policyChanged = policyChanged
        case .stable(let number):
            outcome = .stable
            release = number
        case .rolledBack(let number, let failed, let failure):
            outcome = .rolledBack
            release = number
            failedRelease = failed
            (reason, evidence) = (failure.reason, failure.evidence)
        case .unready(let number, let serving, let failure):
            outcome = .unready
            (release, self.serving) = (number, serving)
            (reason, evidence) = (failure.reason, failure.evidence)
        case .unsure(let number, let serving, let why):
            outcome = .unsure
            (release, self.serving) = (number, serving)
            reason = why
        case .stopped(let failure):
            outcome = .stopped
            (reason, evidence) = (failure.reason, failure.evidence)
        case .frozen(let failure):
            outcome = .frozen
            (reason, evidence) = (failure.reason, failure.evidence)
        case .degraded(let failure):
            outcome = .degraded
            (reason, evidence) = (failure.reason, failure.evidence)
        case .paused(let number):
            outcome = .paused
            release = number
        case .left(let number):
            outcome = .left
            release = number
        case .waiting(let number, let why):
            outcome = .waiting
            release = number
            reason = why
        case .halted(let why):
            outcome = .halted
            reason = why
        case .untried(let number):
            outcome = .untried
            release = number
        case .debugged(let id, let until):
            outcome = .debugged
            (instance, self.until) = (id, until)
        }
        isBlamed = result.failure?.isBlamed
    }

    /// nil for one that lacks what it is about.
    var result: DeployOutcome? {
        let failure = DeployOutcome.Failure(
            reason: reason ?? "",
            evidence: evidence,
            isBlamed: isBlamed ?? true
        )
        switch outcome {
        case .unchanged: return .unchanged(release, policyChanged: policyChanged ?? false)
        case .stable: return release.map { .stable($0) }
        case .rolledBack:
            guard let release, let failedRelease else { return nil }
            return .rolledBack(to: release, failed: failedRelease, failure)
        case .unready: return release.map { .unready($0, serving: serving, failure) }
        case .unsure: return release.map { .unsure($0, serving: serving, reason: reason ?? "") }
        case .stopped: return .stopped(failure)
        case .frozen: return .frozen(failure)
        case .degraded: return .degraded(failure)
        case .paused: return .paused(release)
        case .left: return .left(release)
        case .waiting: return .waiting(release, reason: reason ?? "")
        case .halted: return .halted(reason: reason ?? "")
        case .untried: return release.map { .untried($0) }
        case .debugged: return instance.map { .debugged($0, until: until) }
        }
    }
}

extension DeployOutcome {
    fileprivate var failure: Failure? {
        switch self {
        case .rolledBack(_, _, let failure), .unready(_, _, let failure), .stopped(let failure),
            .frozen(let failure), .degraded(let failure):
            failure
        case .unchanged, .stable, .unsure, .paused, .left, .waiting, .halted, .untried, .debugged: nil
        }
    }
}
