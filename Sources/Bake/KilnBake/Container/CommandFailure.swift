import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// A layer's command that failed, made into an error that helps: what, which line, the last words, where the rest is,
/// what to do.
struct CommandFailure {
    /// `step scripts/install.sh of image "app"`.
    let what: String
    /// What `--rebuild-from` calls its layer.
    let layer: String
    var outcome: ContainerRunner.Outcome
    /// In the definition.
    let place: SourceSpan?
    /// In the script, where that is known.
    var line: SourceSpan?
    /// The last line of what failed, when it is not the first one's.
    var lastLine: Int?
    /// What the command's paths are called by the user.
    var renames: [(String, String)] = []

    /// What to do next; a look into the sandbox without it.
    var hint: String?

    func error(_ code: String) -> BakeError {
        if outcome.lacksSecrets { return .secretsNotHandedOver(to: what, outcome, at: place) }
        var message = "\(what) failed: \(outcome.status.words)"
        if let line, let lastLine, lastLine != line.line {
            message += ", in the lines \(line.line) to \(lastLine)"
        }
        let said = outcome.lastLines.map(shown).joined(separator: "\n")
        let main = Diagnostic(
            code: "bake." + code,
            message,
            at: line ?? place,
            causes: said.isEmpty ? [] : [said],
            hint: hint ?? lookingHint
        )
        return BakeError(main, notes: notes)
    }

    private var lookingHint: String {
        if outcome.circumstances.isEmpty {
            return "kiln bake --shell-on-failure opens a shell in the sandbox as it was left"
        }
        return "let nothing in it depend on these; kiln bake --rebuild-from \(layer) --shell-on-failure "
            + "tells whether it fails in a plain bake too"
    }

    private func shown(_ line: String) -> String {
        renames.reduce(line) { $0.replacing($1.0, with: $1.1) }
    }

    private var notes: [Diagnostic] {
        var notes: [Diagnostic] = []
        if !outcome.circumstances.isEmpty {
            let text = "unlike a plain bake it had \(outcome.circumstances.joined(separator: ", "))"
            notes.append(Diagnostic(.note, code: "bake.circumstances", text))
        }
        if line != nil, let place {
            notes.append(Diagnostic(.note, code: "bake.place", "the definition has it here", at: place))
        }
        if let log = outcome.log {
            let text = "all \(outcome.lineCount) lines of its output are in \(log)"
            notes.append(Diagnostic(.note, code: "bake.log", text))
        }
        return notes
    }
}

extension ToolStatus {
    /// What a shell's or runc's status means: past 128 it stands for a signal.
    var words: String {
        switch self {
        case .exited(126): "exit status 126 (a program that cannot be run)"
        case .exited(127): "exit status 127 (a program that is not there)"
        case .exited(137): "killed by signal 9 (SIGKILL), as the kernel does when memory runs out"
        case .exited(let code) where (129...159).contains(code):
            "killed by signal \(code - 128)" + (LinuxSignal.name(of: code - 128).map { " (SIG\($0))" } ?? "")
        default: description
        }
    }
}
