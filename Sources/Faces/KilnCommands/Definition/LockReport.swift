import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnLock
import SystemPackage

/// What a lock moved, or would move, for people, scripts and pull requests.
struct LockReport: Encodable {
    struct Move: Encodable {
        let image: ImageName
        let package: String
        let old: String?
        let new: String?
        /// The archive's suites that list the new version.
        let suites: [String]
        /// Vulnerabilities, by name; nil where there was neither a changelog nor a database of advisories to ask.
        let fixes: [String]?
    }

    let written: Bool
    let moves: [Move]
    /// Whether only now the lock says how this kiln bakes: layers may differ though no package moves.
    let movesBehaviour: Bool
    private let file: FilePath
    private let isDryRun: Bool

    private enum CodingKeys: CodingKey {
        case written
        case moves
        case movesBehaviour
    }

    /// `mended` are vulnerabilities that the database of advisories says a move mends, by image and package.
    init(
        _ outcome: LockOutcome,
        _ notes: [PatchNote],
        mended: [ImageName: [String: [String]]] = [:],
        file: FilePath,
        isDryRun: Bool
    ) {
        self.file = file
        self.isDryRun = isDryRun
        written = outcome.written
        movesBehaviour = outcome.movesBehaviour
        moves = outcome.changes.map { change in
            let note = notes.first { $0.image == change.image && $0.name == change.name }
            let known = mended[change.image]?[change.name]
            let told = note.flatMap { $0.hasChangelog ? $0.fixes : nil }
            let fixes = known == nil && told == nil ? nil : Set((told ?? []) + (known ?? [])).sorted()
            return Move(
                image: change.image,
                package: change.name,
                old: change.old,
                new: change.new,
                suites: note?.suites ?? [],
                fixes: fixes
            )
        }
    }

    var summary: String {
        if !written && (!isDryRun || (moves.isEmpty && !movesBehaviour)) {
            return "\(file) is up to date: nothing moved"
        }
        let counts = [
            (moves.filter { $0.old == nil }.count, "added"),
            (shown.filter { $0.new != nil }.count, "moved"), (moves.filter { $0.new == nil }.count, "gone"),
        ]
        let parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let fixes = Set(shown.flatMap { $0.fixes ?? [] }).count
        let fixed = fixes == 0 ? "" : "; fixes \(fixes) CVE\(fixes == 1 ? "" : "s")"
        let how = movesBehaviour ? "; it now names how this kiln bakes, so layers may differ" : ""
        let verb = isDryRun ? "would write" : "wrote"
        return
            "\(verb) \(file): \(parts.isEmpty ? "no package moved" : parts.joined(separator: ", "))\(fixed)\(how)"
    }

    /// What moved or went; nil when nothing did. What is new is only counted: it can be hundreds.
    func table(color: Bool) -> String? {
        var table = TextTable(
            ("IMAGE", .left),
            ("PACKAGE", .left),
            ("OLD", .left),
            ("NEW", .left),
            ("SUITE", .left),
            ("FIXES", .left)
        )
        for move in shown {
            table.add(
                move.image.description,
                move.package,
                move.old ?? "-",
                move.new ?? "-",
                shown(move.suites),
                Quantities.first(of: move.fixes ?? [])
            )
        }
        return table.isEmpty ? nil : table.render(color: color)
    }

    var markdown: String {
        guard !shown.isEmpty else { return "No package moves." }
        let rows = shown.map { move in
            "| \(move.image) | \(move.package) | \(move.old ?? "-") | \(move.new ?? "-") | "
                + "\(shown(move.suites)) | "
                + ((move.fixes ?? []).isEmpty ? "-" : (move.fixes ?? []).joined(separator: ", ")) + " |"
        }
        return (["| image | package | old | new | suite | fixes |", "|---|---|---|---|---|---|"] + rows)
            .joined(
                separator: "\n"
            )
    }

    private var shown: [Move] { moves.filter { $0.old != nil } }

    private func shown(_ suites: [String]) -> String {
        suites.isEmpty ? "-" : suites.joined(separator: ", ")
    }
}
