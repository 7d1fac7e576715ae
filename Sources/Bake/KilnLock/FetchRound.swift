import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnRegistry
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
        self.fetcher = fetcher
        self.archive = archive
        self.definition = definition
        self.directory = directory
        self.work = work
        self.completed = completed
    }

    /// Base URLs, in the order of the archive's suites.
    private func mirrors() throws -> [FetchPlace] {
        let sources = try fetcher.host.sources(
            for: definition,
            named: archive,
            architecture: fetcher.platform.debianArchitecture
        )
        var places: [FetchPlace] = []
        for source in sources where !places.contains(.mirror(source.uri)) {
            places.append(.mirror(source.uri))
        }
        return places
    }

    /// Why a package was not had from a place.
    private struct Refusal {
        let code: LockError.Code
        let words: String
        /// nil for a host of the archive.
        var repository: Repository?
    }

    private typealias Refusals = [Digest: [Refusal]]

    func fetch(_ packages: [LockedPackage]) async throws {
        var refusals: Refusals = [:]
        guard let first = packages.first else { return }
        let kept = try await fetcher.door.open(probing: first.sha256)
        for package in packages {
            refusals[package.sha256] = kept.failures.map { Refusal(code: .transfer, words: $0) }
        }
        // Nothing of the machine's apt settings is read as long as the sources have all.
        var pending = try await fetch(packages, from: kept.places, with: nil, &refusals)
        guard !pending.isEmpty else { return }
        let access = ArchiveAccess(settings: try await fetcher.host.settings())
        pending = try await fetch(pending, from: try mirrors(), with: access, &refusals)
        if !pending.isEmpty { throw error(for: pending, refusals) }
    }

    /// One place after the other, each for what the ones before lack; gives what none has.
    private func fetch(
        _ packages: [LockedPackage],
        from places: [FetchPlace],
        with access: ArchiveAccess?,
        _ refusals: inout Refusals
    ) async throws -> [LockedPackage] {
        var pending = packages
        for opened in places where !pending.isEmpty {
            var place = opened
            var refused: [LockedPackage] = []
            // Again for those whose partial file was of no use, or whose transfer ended with another's: each time one is
            // refused, or starts without a partial file, so that this comes to an end.
            while true {
                pending = try await adoptWhatIsWhole(pending)
                if pending.isEmpty { break }
                let transfers = pending.map { Transfer(package: $0, place: place, partial: partial(of: $0)) }
                let outcome = try await run(transfers, of: packages, with: access)
                let unauthorized = outcome.first { $0.1?.code == .unauthorized }?.0.package
                if place == opened, let unauthorized,
                    let renewed = try await fetcher.door.renewed(place, probing: unauthorized.sha256)
                {
                    place = renewed
                    pending = outcome.filter { $0.1 == nil || $0.1?.code == .unauthorized }
                        .map(\.0.package).filter { !fetcher.holds($0) }
                    note(outcome.filter { $0.1?.code != .unauthorized }, &refusals, &refused)
                    continue
                }
                note(outcome, &refusals, &refused)
                pending = outcome.filter { $0.1 == nil && !fetcher.holds($0.0.package) }.map(\.0.package)
            }
            pending = refused
        }
        return pending
    }

    private func note(
        _ outcome: [(Transfer, Refusal?)],
        _ refusals: inout Refusals,
        _ refused: inout [LockedPackage]
    ) {
        for case (let transfer, var refusal?) in outcome {
            refusal.repository = transfer.place.repository
            refusals[transfer.package.sha256, default: []].append(refusal)
            refused.append(transfer.package)
        }
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

    /// What ended first of a batch.
    private enum Ending: Sendable {
        case received([(Transfer, Refusal?)])
        /// These outgrew their packages; the others were cut off with them.
        case outgrown(Set<Transfer>)
    }

    /// Each transfer with what spoke against it; none, and not in the store, means: go on with it.
    private func run(
        _ transfers: [Transfer],
        of all: [LockedPackage],
        with access: ArchiveAccess?
    ) async throws -> [(Transfer, Refusal?)] {
        let ending = try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask { .received(try await receive(transfers, access)) }
            group.addTask { .outgrown(try await watch(transfers, of: all)) }
            // The group waits for the other one, so that nobody writes to the partial files afterwards.
            defer { group.cancelAll() }
            return try await group.next() ?? .received([])
        }
        switch ending {
        case .received(let outcome): return outcome
        case .outgrown(let outgrown):
            for transfer in outgrown { try Files.remove(transfer.partial) }
            return transfers.map { transfer in
                guard outgrown.contains(transfer) else { return (transfer, nil) }
                return (transfer, Refusal(code: .digest, words: tooLong(transfer)))
            }
        }
    }

    private func receive(
        _ transfers: [Transfer],
        _ access: ArchiveAccess?
    ) async throws -> [(Transfer, Refusal?)] {
        let batch = CurlBatch(transfers: transfers, access: access)
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
        case .unauthorized:
            return Refusal(code: .unauthorized, words: "\(transfer.url): \(result.words)")
        case .cannotResume, .failed:
            return Refusal(code: .transfer, words: "\(transfer.url): \(result.words)")
        }
    }

    private func tooLong(_ transfer: Transfer) -> String {
        "\(transfer.url): more than the \(transfer.package.size) bytes that were locked"
    }

    /// Reports the bytes so far until it is cancelled; ends with the transfers whose files outgrow their packages.
    private func watch(_ transfers: [Transfer], of all: [LockedPackage]) async throws -> Set<Transfer> {
        let open = Set(transfers.map(\.package))
        let done = completed + all.filter { !open.contains($0) }.map(\.size).reduce(0, +)
        while true {
            try await Task.sleep(for: .milliseconds(200))
            var received: Int64 = 0
            var outgrown: Set<Transfer> = []
            for transfer in transfers {
                if fetcher.holds(transfer.package) {
                    received += transfer.package.size
                } else if let size = Files.facts(transfer.partial)?.size {
                    if size > transfer.package.size { outgrown.insert(transfer) }
                    received += min(size, transfer.package.size)
                }
            }
            Progress.report(.advanced(work, completed: done + received))
            if !outgrown.isEmpty { return outgrown }
        }
    }

    /// The worst of what spoke against packages: a wrong file before a cut transfer, that before an absent file.
    private func worst(_ refusals: [Refusal]) -> LockError.Code {
        let codes: [LockError.Code] = [.digest, .unauthorized, .transfer]
        return codes.first { code in refusals.contains { $0.code == code } } ?? .gone
    }

    /// The error for what no host gave, which is at least one; it tells the worst of all.
    private func error(for pending: [LockedPackage], _ refusals: [Digest: [Refusal]]) -> LockError {
        let code = worst(pending.flatMap { refusals[$0.sha256] ?? [] })
        let told = pending.filter { worst(refusals[$0.sha256] ?? []) == code }
            .sorted(by: LockedPackage.precedes)
        let package = told[0]
        let more = told.count == 1 ? "" : " (and \(told.count - 1) more)"
        let what = "\(package.name) \(package.version)\(more)"
        // The archive's own word counts more than that of registries, which only keep copies.
        let place = (refusals[package.sha256] ?? []).last { $0.code == code }?.repository
        let subject = place.map { "\($0)" } ?? "archive \"\(archive)\""
        var causes = (refusals[package.sha256] ?? []).map { AptMessages.withoutPasswords($0.words) }
        let message: String
        let hint: String
        switch code {
        case .digest:
            message = "\(subject) sent a wrong file for \(what)"
            causes.append("the lock says \(package.size) bytes, \(package.sha256)")
            hint =
                place == nil
                ? "what came was deleted: the mirror is damaged or was tampered with, use another one"
                : "what came was deleted: the registry is damaged or was tampered with, take it out of sources:"
        case .gone:
            message = "archive \"\(archive)\" no longer has \(what)"
            let names = told.prefix(8).map(\.name).joined(separator: " ")
            hint =
                "a newer version took its place: run: kiln lock --update \(names)"
                + (fetcher.definition.sources.isEmpty
                    ? ", or name the repository that keeps it: sources: [REPOSITORY]" : "")
        case .unauthorized:
            message = "\(subject) does not give \(what) to this machine's login"
            hint =
                place.map { "log in with an account that may: skopeo login \($0.registry)" }
                ?? AptCredentials.hint
        default:
            message = "cannot fetch \(what) from \(subject)"
            hint = "run the command again: it goes on where it stopped"
        }
        return LockError(code, message, at: definition.span, causes: causes, hint: hint)
    }
}
