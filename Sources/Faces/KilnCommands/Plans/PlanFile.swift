import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

/// Reads plans that were saved, and refuses those that no longer hold.
enum PlanFile {
    private static let byteLimit = 16 << 20

    private struct Head: Decodable {
        let format: String
    }

    static func read(_ file: String) throws -> SavedPlan {
        let path = FilePath(file)
        guard Files.exists(path) else {
            throw failure(
                "plan.missing",
                "there is no plan at \(file)",
                hint: "kiln plan -o \(file) makes it"
            )
        }
        let bytes = try Files.read(path, limit: byteLimit)
        guard let head = try? CanonicalJSON.decode(Head.self, from: bytes),
            head.format.hasPrefix("kiln.plan/")
        else {
            throw failure("plan.unreadable", "\(file) is no plan", hint: "kiln plan -o FILE makes one")
        }
        guard head.format == SavedPlan.currentFormat,
            let plan = try? CanonicalJSON.decode(SavedPlan.self, from: bytes)
        else {
            throw failure(
                "plan.unreadable",
                "\(file) was made by another version of kiln, or is damaged (\(head.format))",
                hint: "make it again: kiln plan -o \(file)"
            )
        }
        return plan
    }

    /// Throws when what the plan was made from has moved since.
    static func check(_ saved: SavedPlan, against now: ApplyBasis, file: String) throws {
        let moved = saved.basis.moved(to: now)
        guard !moved.isEmpty else { return }
        throw DiagnosticFailure(
            Diagnostic(
                code: "plan.stale",
                "\(file) no longer holds: what it was made from (\(WallClock.format(saved.made))) has moved",
                causes: moved,
                hint: "look again: kiln plan -o \(file)"
            )
        )
    }

    private static func failure(_ code: String, _ message: String, hint: String) -> DiagnosticFailure {
        DiagnosticFailure(Diagnostic(code: code, message, hint: hint, exitStatus: .usage))
    }
}
