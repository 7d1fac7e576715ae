package import KilnDefinition
import KilnDiagnostics
package import KilnOCI
package import KilnRegistry
import KilnStore
package import KilnSystem
import OrderedCollections
package import SystemPackage

/// Makes the lock of a definition, moving as little as possible.
package struct Locker: Sendable {
    package let home: KilnHome
    let host: AptHost
    /// Of images that do not say theirs.
    let platform: ImagePlatform
    let registry: RegistryClient
    let runner: ToolRunner
    /// How often apt tries a transfer again.
    let retries: Int
    /// Refuses what must not be locked, before anything is written. The definition has an image for each platform.
    private let admit: @Sendable (Definition, Lock) async throws -> Void

    package init(
        home: KilnHome,
        host: AptHost = AptHost(),
        platform: ImagePlatform = .host,
        registry: RegistryClient,
        runner: ToolRunner = ToolRunner(),
        retries: Int = 2,
        admit: @escaping @Sendable (Definition, Lock) async throws -> Void = { _, _ in }
    ) {
        self.home = home
        self.host = host
        self.platform = platform
        self.registry = registry
        self.runner = runner
        self.retries = retries
        self.admit = admit
    }

    /// Resolves and writes the file, which is left untouched on an error and when nothing moved. Runs on one file take turns,
    /// so that each starts from what the one before wrote.
    package func lock(
        _ definition: Definition,
        file: FilePath,
        encoder: EncoderName,
        behaviours: [BehaviourVersion] = [],
        update: LockUpdate = .none
    ) async throws -> LockOutcome {
        try home.makePrivate(home.scratch)
        let turn = Self.turn(at: file, in: home)
        func sayWaiting() {
            let message = "waiting for another kiln, which locks too, before \(file) is read"
            Progress.report(.diagnostic(Diagnostic(.note, code: "lock.waiting", message)))
        }
        return try await FileLock.with(turn, onWait: sayWaiting) {
            let existing = try LockFile.read(file)
            // One collection before or after, never between: what was fetched is nobody's until the file names it.
            return try await StoreLock(home).shared {
                var outcome = try await resolve(
                    definition,
                    existing: existing,
                    encoder: encoder,
                    behaviours: behaviours,
                    update: update
                )
                // Nobody waits for it any more: the file stays as it is.
                try Task.checkCancellation()
                outcome.written = try LockFile.write(outcome.lock, to: file)
                return outcome
            }
        }
    }

    /// Held while a lock file is made. In the home: a project's folder is under source control.
    static func turn(at file: FilePath, in home: KilnHome) -> FilePath {
        let name = Digest(of: file.resolved.string).hex.prefix(2)
        return home.scratch.appending(".making-\(name).lock")
    }

    /// Resolves without writing. Needs no network when the existing lock matches; what is newly locked is in the package
    /// store afterwards.
    package func lock(
        _ definition: Definition,
        existing: Lock?,
        encoder: EncoderName,
        behaviours: [BehaviourVersion] = [],
        update: LockUpdate = .none
    ) async throws -> LockOutcome {
        try await StoreLock(home).shared {
            try await resolve(
                definition,
                existing: existing,
                encoder: encoder,
                behaviours: behaviours,
                update: update
            )
        }
    }

    /// The caller keeps collections out.
    private func resolve(
        _ definition: Definition,
        existing: Lock?,
        encoder: EncoderName,
        behaviours: [BehaviourVersion],
        update: LockUpdate
    ) async throws -> LockOutcome {
        try check(update, existing)
        let definition = definition.perPlatform
        let run = LockRun(self, definition, existing: existing, update: update)
        let images = try await run.images()
        let keepsEncoder = update != .all && existing?.encoder.isVariant(of: encoder) == true
        let lock = Lock(
            encoder: keepsEncoder ? existing?.encoder ?? encoder : encoder,
            behaviours: behaviours,
            images: images
        )
        try await admit(definition, lock)
        return LockOutcome(lock: lock, replacing: existing, suites: run.suites.all)
    }

    /// A name that no image has is a typing error, not a wish that is already fulfilled.
    private func check(_ update: LockUpdate, _ existing: Lock?) throws(LockError) {
        guard case .packages(let names) = update else { return }
        let images = existing?.images.values.elements ?? []
        let others = images.compactMap(\.base?.image.description) + images.flatMap(\.downloads).map(\.url)
        let locked = Set(images.flatMap(\.packages).map(\.name) + others)
        guard let unknown = names.sorted().first(where: { !locked.contains($0) }) else { return }
        let nearest = Spelling.nearest(to: unknown, in: locked.sorted())
        throw LockError(
            .update,
            unknown.contains("://")
                ? "no image is locked to a download \(unknown)"
                : "no image is locked to a package \"\(unknown)\"",
            hint: nearest.map { "did you mean \"\($0)\"?" } ?? "to move all packages: kiln lock --update",
            exitStatus: .usage
        )
    }
}
