import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import OrderedCollections
import SystemPackage

/// The fetching of one archive's packages from its hosts, one host after the other.
struct FetchRound: Sendable {
    private let fetcher: PackageFetcher
    private let archive: ArchiveName
    private let definition: ArchiveDefinition
    private let directory: FilePath
    private let work: WorkID
    /// Bytes of the archives before this one.
    private let completed: Int64
    private let settings: AptHostSettings
    private let credentials: AptCredentials
    /// Base URLs, in the order of the archive's suites.
    private let bases: [String]

    init(
        _ fetcher: PackageFetcher,
        _ archive: ArchiveName,
        _ directory: FilePath,
        _ work: WorkID,
        completed: Int64
    ) async throws {
        guard let definition = fetcher.definition.archives[archive] else {
            throw LockError(
                .noArchive,
                "the lock names the archive \"\(archive)\", which is not defined",
                hint: "run: kiln lock",
                exitStatus: .usage
            )
        }
        let sources = try fetcher.host.sources(
            for: definition,
            named: archive,
            architecture: fetcher.platform.architecture
        )
        var bases: [String] = []
        for source in sources where !bases.contains(source.uri) { bases.append(source.uri) }
        self.fetcher = fetcher
        self.archive = archive
        self.definition = definition
        self.directory = directory
        self.work = work
        self.completed = completed
        self.bases = bases
        settings = try await fetcher.host.settings()
        credentials = AptCredentials(settings)
    }

    /// Why a package was not had from a host.
    private struct Refusal {
        let code: LockError.Code
        let words: String
    }

    func fetch(_ packages: [LockedPackage]) async throws {
        var pending = try await adoptWhatIsWhole(packages)
        var refusals: [Digest: [Refusal]] = [:]
        for base in bases where !pending.isEmpty {
            // A second time for those whose partial file turned out to be of no use.
            for _ in 0..<2 where !pending.isEmpty {
                let transfers = pending.map { Transfer(package: $0, base: base, partial: partial(of: $0)) }
                let outcome = try await run(transfers, of: packages)
                pending = []
                var again: [LockedPackage] = []
                for (transfer, refusal) in outcome {
                    if let refusal {
                        refusals[transfer.package.sha256, default: []].append(refusal)
                        pending.append(transfer.package)
                    } else if !fetcher.holds(transfer.package) {
                        again.append(transfer.package)
                    }
                }
                if again.isEmpty { break }
                pending += again
            }
        }
        guard let first = pending.first else { return }
        throw error(for: first, refusals[first.sha256] ?? [], among: pending, refusals)
    }

    private func partial(of package: LockedPackage) -> FilePath {
        directory.appending(package.sha256.hex)
    }

    /// Takes up what an earlier run received whole but did not live to check.
    private func adoptWhatIsWhole(_ packages: [LockedPackage]) async throws -> [LockedPackage] {
        var rest: [LockedPackage] = []
        for package in packages {
            let file = partial(of: package)
            guard let size = Files.facts(file)?.size, size >= package.size else {
                rest.append(package)
                continue
            }
            if try await !adopt(package) { rest.append(package) }
        }
        return rest
    }

    /// Checks a received file and moves it into the store; false, with the file deleted, when it is another one.
    private func adopt(_ package: LockedPackage) async throws -> Bool {
        do {
            let file = partial(of: package)
            try await fetcher.store.adopt(file, expecting: package.sha256, size: package.size)
            return true
        } catch is StoreError {
            return false
        }
    }

    /// Each transfer with what spoke against it; none, and not in the store, means: try again from the start.
    private func run(
        _ transfers: [Transfer],
        of all: [LockedPackage]
    ) async throws -> [(Transfer, Refusal?)] {
        try await withThrowingTaskGroup(of: [(Transfer, Refusal?)]?.self) { group in
            group.addTask { try await receive(transfers) }
            group.addTask {
                try await watch(transfers, of: all)
                return nil
            }
            defer { group.cancelAll() }
            for try await result in group {
                if let result { return result }
            }
            return []
        }
    }

    private func receive(_ transfers: [Transfer]) async throws -> [(Transfer, Refusal?)] {
        let batch = CurlBatch(transfers: transfers, settings: settings, credentials: credentials)
        let byDigest = Dictionary(
            transfers.map { ($0.package.sha256, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let resumed = Set(transfers.filter { Files.exists($0.partial) })
        var outcome: [Transfer: Refusal?] = [:]
        var talk: [String] = []
        let status = try await fetcher.runner.stream(batch.invocation) { line in
            guard let result = TransferResult(line: line), let transfer = byDigest[result.sha256] else {
                talk.append(line)
                return
            }
            outcome[transfer] = .some(
                try await judge(result, transfer, wasResumed: resumed.contains(transfer))
            )
        }
        try Task.checkCancellation()
        let silent = Refusal(
            code: .transfer,
            words: talk.last ?? "curl ended without a word on it (\(status))"
        )
        return transfers.map { ($0, outcome[$0] ?? silent) }
    }

    private func judge(
        _ result: TransferResult,
        _ transfer: Transfer,
        wasResumed: Bool
    ) async throws -> Refusal? {
        switch result.outcome {
        case .complete:
            if try await adopt(transfer.package) || wasResumed { return nil }
            return Refusal(code: .digest, words: "\(transfer.url): another file than the one that was locked")
        case .cannotResume where wasResumed:
            try Files.remove(transfer.partial)
            return nil
        case .tooLong:
            return Refusal(code: .digest, words: tooLong(transfer))
        case .gone:
            return Refusal(code: .gone, words: "\(transfer.url): \(result.words)")
        case .diskFull:
            throw LockError(
                .diskFull,
                "cannot write \(transfer.partial)",
                causes: [result.words],
                hint: "free some space (kiln gc drops what nothing refers to), then run the command again: "
                    + "it goes on where it stopped"
            )
        case .cannotResume, .failed:
            return Refusal(code: .transfer, words: "\(transfer.url): \(result.words)")
        }
    }

    private func tooLong(_ transfer: Transfer) -> String {
        "\(transfer.url): more than the \(transfer.package.size) bytes that were locked"
    }

    /// Reports the bytes so far until it is cancelled, and ends the transfer of a file that outgrows its size.
    private func watch(_ transfers: [Transfer], of all: [LockedPackage]) async throws {
        let open = Set(transfers.map(\.package))
        let done = completed + all.filter { !open.contains($0) }.map(\.size).reduce(0, +)
        while true {
            try await Task.sleep(for: .milliseconds(200))
            var received: Int64 = 0
            for transfer in transfers {
                if fetcher.holds(transfer.package) {
                    received += transfer.package.size
                } else if let size = Files.facts(transfer.partial)?.size {
                    guard size <= transfer.package.size else {
                        try Files.remove(transfer.partial)
                        let words = tooLong(transfer)
                        throw error(
                            for: transfer.package,
                            [Refusal(code: .digest, words: words)],
                            among: [],
                            [:]
                        )
                    }
                    received += size
                }
            }
            Progress.report(.advanced(work, completed: done + received))
        }
    }

    /// The error for what no host gave: a wrong file is told before a cut transfer, that before an absent file.
    private func error(
        for package: LockedPackage,
        _ refusals: [Refusal],
        among pending: [LockedPackage],
        _ all: [Digest: [Refusal]]
    ) -> LockError {
        let codes: [LockError.Code] = [.digest, .transfer]
        let code = codes.first { code in refusals.contains { $0.code == code } } ?? .gone
        let others = pending.filter { other in
            other != package && (all[other.sha256] ?? []).contains { $0.code == code }
        }
        let more = others.isEmpty ? "" : " (and \(others.count) more)"
        let what = "\(package.name) \(package.version)\(more)"
        var causes = refusals.map { AptMessages.withoutPasswords($0.words) }
        let message: String
        let hint: String
        switch code {
        case .digest:
            message = "archive \"\(archive)\" sent a wrong file for \(what)"
            causes.append("the lock says \(package.size) bytes, \(package.sha256)")
            hint = "what came was deleted: the mirror is damaged or was tampered with, use another one"
        case .gone:
            message = "archive \"\(archive)\" no longer has \(what)"
            let names = ([package] + others).prefix(8).map(\.name).joined(separator: " ")
            hint = "a newer version took its place: run: kiln lock --update \(names)"
        default:
            message = "cannot fetch \(what) from archive \"\(archive)\""
            hint = "run the command again: it goes on where it stopped"
        }
        return LockError(code, message, at: definition.span, causes: causes, hint: hint)
    }
}
