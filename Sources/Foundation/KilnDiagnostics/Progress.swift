/// Facts about work under way, sent to whoever shows them.
///
/// Libraries report what happened; renderers (terminal, plain, JSON) live in the commands.
package enum ProgressFact: Sendable, Equatable {
    /// Work that has a name and an end. `total` is in bytes where it is known.
    case started(WorkID, label: String, total: Int64?)
    /// `completed` is the sum so far, in the unit of `total`.
    case advanced(WorkID, completed: Int64)
    /// `cached` means that an earlier result was used; `detail` is a short fact such as a digest.
    case finished(WorkID, cached: Bool, detail: String?)
    case failed(WorkID)
    /// A line of a tool's or step's own output.
    case output(WorkID, line: String)
    /// A diagnostic that does not end the work.
    case diagnostic(Diagnostic)
}

/// Names one piece of work within a command, such as `bake/runtime/packages`.
package struct WorkID: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

package protocol ProgressReceiver: Sendable {
    func receive(_ fact: ProgressFact)
}

package enum Progress {
    @TaskLocal package static var receiver: (any ProgressReceiver)?

    package static func report(_ fact: ProgressFact) {
        receiver?.receive(fact)
    }

    /// Reports a piece of work around its body: started, then finished or failed.
    package static func track<Result>(
        _ id: WorkID,
        label: String,
        total: Int64? = nil,
        _ body: () async throws -> Result
    ) async throws -> Result {
        report(.started(id, label: label, total: total))
        do {
            let result = try await body()
            report(.finished(id, cached: false, detail: nil))
            return result
        } catch {
            report(.failed(id))
            throw error
        }
    }
}
