import KilnDiagnostics
import KilnOCI
import KilnSystem
import SystemPackage

/// One try at a download.
struct DownloadRound: Sendable {
    let transfer: DownloadTransfer
    let runner: ToolRunner
    let work: WorkID
    let span: SourceSpan?

    private enum Ending: Sendable {
        case done(TransferResult)
        case outgrown
    }

    /// True when the file is whole, as far as the server says; false, with the file gone, when it could not be gone on
    /// with and is to be fetched from its start.
    func receive(resuming: Bool) async throws -> Bool {
        let ending = try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask { .done(try await run()) }
            group.addTask { try await watch() }
            // The group waits for the other one, so that nobody writes to the file afterwards.
            defer { group.cancelAll() }
            return try await group.next() ?? .outgrown
        }
        try Task.checkCancellation()
        guard case .done(let result) = ending else { throw try tooLong() }
        switch result.outcome {
        case .complete:
            // An empty body makes no file.
            if !Files.exists(transfer.file) { try Files.write("", to: transfer.file) }
            return true
        case .cannotResume where resuming:
            try Files.remove(transfer.file)
            return false
        case .tooLong: throw try tooLong()
        case .gone: throw error(.gone, "\(transfer.url) is gone", result, hint: goneHint)
        case .diskFull:
            throw error(
                .diskFull,
                "cannot write \(transfer.file)",
                result,
                hint: "free some space (kiln gc drops what nothing refers to), then run the command again"
            )
        case .unauthorized:
            throw error(
                .unauthorized,
                "cannot download \(transfer.url)",
                result,
                hint: "it wants a login of the machine: apt's auth.conf, or ~/.netrc"
            )
        case .cannotResume, .failed:
            throw error(.transfer, "cannot download \(transfer.url)", result, hint: "run the command again")
        }
    }

    private func run() async throws -> TransferResult {
        var result: TransferResult?
        var talk: [String] = []
        let status = try await runner.stream(transfer.invocation) { line in
            if let told = TransferResult(line: line), told.sha256 == transfer.id {
                result = told
            } else {
                talk.append(line)
            }
        }
        let silent = talk.last ?? "curl ended without a word on it (\(status))"
        return result ?? TransferResult(sha256: transfer.id, outcome: .failed, words: silent)
    }

    /// Reports the bytes so far until it is cancelled; ends when there are more than there may be.
    private func watch() async throws -> Ending {
        while true {
            try await Task.sleep(for: .milliseconds(200))
            let size = Files.facts(transfer.file)?.size ?? 0
            guard size <= transfer.limit else { return .outgrown }
            Progress.report(.advanced(work, completed: size))
        }
    }

    private var goneHint: String {
        transfer.size == nil
            ? "look for its new place, and write that into the definition"
            : "look for its new place, write that into the definition, then run: kiln lock"
    }

    private func tooLong() throws -> LockError {
        try Files.remove(transfer.file)
        let what = transfer.size == nil ? "are taken for one file" : "were locked"
        return LockError(
            .digest,
            "\(transfer.url) sends more than the \(transfer.limit) bytes that \(what)",
            at: span,
            hint: transfer.size == nil ? nil : moveHint
        )
    }

    /// For a file that is not what it should be; it is deleted.
    func wrongContent(expected: Digest, causes: [String]) -> LockError {
        LockError(
            .digest,
            "\(transfer.url) sends another file",
            at: span,
            causes: causes,
            hint: transfer.size == nil
                ? "what came was deleted: ask its publisher which of the two is right"
                : "what came was deleted; \(moveHint)"
        )
    }

    private var moveHint: String { "to take what it has now: kiln lock --update \(transfer.url)" }

    private func error(
        _ code: LockError.Code,
        _ message: String,
        _ result: TransferResult,
        hint: String
    ) -> LockError {
        let words = AptMessages.withoutPasswords(result.words)
        return LockError(code, message, at: span, causes: words.isEmpty ? [] : [words], hint: hint)
    }
}
