/// What a command's exit status tells a script.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    /// Something went wrong that is neither the user's wording nor a verdict.
    case failed = 1
    /// The command line, the definition or the lock is wrong.
    case usage = 2
    case gateRefused = 3
    case driftFound = 4
    /// A release failed, and the earlier one serves again.
    case rolledBack = 5
    case changesPending = 6
    /// Ended by Ctrl-C (128 + SIGINT).
    case interrupted = 130
}
