import KilnAdvisories
import KilnDiagnostics
import KilnLint
import KilnLock
import KilnOCI
import KilnRegistry
import KilnSystem
import OrderedCollections
import SystemPackage

/// `kiln lint --fix`: finds the digests, and writes the files that change.
struct LintRepairs {
    private let report: LintReport
    private let lock: String
    private let asksRegistry: Bool
    private let context: CommandContext

    init(_ report: LintReport, lock: String, asksRegistry: Bool, _ context: CommandContext) {
        self.report = report
        self.lock = lock
        self.asksRegistry = asksRegistry
        self.context = context
    }

    /// How many files are others now.
    func make(dryRun: Bool) async throws -> Int {
        var fixer = LintFixer()
        fixer.digests = try lockedDigests()
        if asksRegistry {
            for name in LintFixer.wanted(report) where fixer.digests[name] == nil {
                if let digest = await digest(of: name) { fixer.digests[name] = digest }
            }
            for name in LintFixer.unsealed(report) {
                if let folders = await volumes(of: name) { fixer.volumes[name] = folders }
            }
        }
        var changed = 0
        for file in report.files {
            let edits = fixer.edits(file)
            guard !edits.isEmpty else { continue }
            let path = FilePath(file.source.name)
            let bytes = edits.applied(to: file.source.bytes)
            guard bytes != file.source.bytes else { continue }
            changed += 1
            if dryRun {
                context.console.result(UnifiedDiff.render(file.source.bytes, bytes, name: file.source.name))
            } else {
                try write(bytes, to: path, over: file.source.bytes)
                context.console.message("fixed \(ShownText.line(file.source.name))")
            }
        }
        if changed == 0 {
            context.console.message("nothing that can be fixed without a digest or an image's own word")
        }
        return changed
    }

    /// A file that somebody else changed meanwhile is left alone.
    private func write(_ bytes: [UInt8], to path: FilePath, over old: [UInt8]) throws {
        guard try Files.read(path, limit: 4 << 20) == old else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "lint.changed",
                    "\(path) was changed while it was looked at",
                    hint: "run it again"
                )
            )
        }
        let mode = UInt16((Files.facts(path)?.mode ?? 0o644) & 0o7777)
        if Files.facts(path)?.kind == .file {
            try Files.write(bytes, to: path, mode: mode)
        } else {
            try Files.write(bytes, toNamed: path)
        }
    }

    private func lockedDigests() throws -> [String: String] {
        guard let lock = try LockFile.read(FilePath(lock)) else { return [:] }
        var digests: [String: String] = [:]
        for image in lock.images.values {
            guard let base = image.base, let tag = base.image.tag else { continue }
            digests["\(base.image.repository):\(tag)"] = base.index.description
        }
        return digests
    }

    private func digest(of name: String) async -> String? {
        do {
            let client = context.registry()
            return try await client.manifest(try reference(name)).descriptor.digest.description
        } catch {
            tell(error, name)
            return nil
        }
    }

    /// The folders that an image declares as volumes; nil when that cannot be learned.
    private func volumes(of name: String) async -> [String]? {
        do {
            let client = context.registry()
            let reference = try reference(name)
            var manifest = try await client.manifest(reference)
            if case .index(let index) = try ManifestDocument(manifest.bytes) {
                guard let own = index.image(for: .host) ?? index.manifests.first else { return nil }
                manifest = try await client.manifest(
                    ImageReference(reference.repository, tag: nil, digest: own.digest)
                )
            }
            guard case .image(let image) = try ManifestDocument(manifest.bytes) else { return nil }
            return try await TemporaryDirectory.with(in: context.home.scratch, prefix: "lint-") { folder in
                let file = folder.appending("config.json")
                try await client.pull(image.config, from: reference.repository, into: file)
                let config = try JSONValue(parsing: try Files.read(file, limit: 4 << 20)[...])
                return (config["config"]?["Volumes"]?.members.map(\.name) ?? []).sorted()
            }
        } catch {
            tell(error, name)
            return nil
        }
    }

    private func reference(_ name: String) throws -> ImageReference {
        do {
            return try ImageReference(parsing: name)
        } catch {
            throw RegistryError(name, error)
        }
    }

    private func tell(_ error: any Error, _ name: String) {
        var found = error.asDiagnostics
        for index in found.indices { found[index].severity = .warning }
        context.console.show(found)
        context.console.message("\(ShownText.line(name)) stays as it is")
    }
}
