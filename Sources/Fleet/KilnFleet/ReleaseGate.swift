/// Judges content before a new release is made of it, and throws to refuse it. What was admitted once is never asked about
/// again: rollbacks and replacements are not blocked by what became known since.
package typealias ReleaseGate = @Sendable (ReleaseContent) async throws -> Void
