import ArgumentParser
import Glibc
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem

struct ImageRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Keep an image, and all that stands on it, out of new releases; never stops what runs.",
        discussion: """
            No release is made of a revoked image or of one that stands on it (exit status 3). Instances that run it go \
            on, are replaced when they die, and can be rolled back to. Baked anew with a fix, an image is another one.

            Examples:

              kiln image revoke base --why "CVE-2026-0001 in libssl3"
              kiln image revoke base --undo --why "not affected after all"
            """
    )

    @Argument(
        help: "A name, a digest, or the first six or more digits of one; a whole digest need not be here."
    )
    var image: String

    @Option(help: "The reason, which is kept and shown wherever the image is refused.")
    var why: String

    @Flag(help: "Take the revocation back.")
    var undo = false

    @OptionGroup var format: FormatOption

    func validate() throws {
        guard why.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("--why takes a reason in words")
        }
    }

    func run() async throws {
        let context = CommandContext.current
        let store = ImageStore(home: context.home)
        let digest = try digest(in: store)
        let name = try store.list().first { $0.descriptor.digest == digest }?.name
        let note = Revocation.Note(reason: why, by: context.userName, time: WallClock.now)
        let revocations = Revocations(home: context.home)
        let named = try store.manifests(namedBy: digest)
        let revocation =
            try await undo
            ? lift(digest, with: named ?? [], note, revocations)
            : revoke(digest, with: named ?? [], note, revocations, store)
        if format.format == .json { return try context.resultJSON(RevocationReport(revocation)) }
        let shown = name.map { "\($0) (\(digest.short))" } ?? digest.description
        if undo {
            context.console.message("\(shown) is no longer revoked")
        } else if revocation.note == note {
            context.console.message("\(shown) is revoked: \(why)")
            if named == nil { context.console.message(Self.unknown) }
            try tellHeirs(of: [digest] + (named ?? []), store, context.console)
        } else {
            context.console.message("\(shown) was revoked before: \(revocation.shown)")
        }
    }

    private static let unknown =
        "nothing of it is here. Should it be the index of several platforms, it cannot be told which images that names: "
        + "those that are pulled by it from now on are refused, and those that say they stand on it; "
        + "kiln image pull --all-platforms makes it known"

    /// Also of an image that is not here: its children may be.
    private func digest(in store: ImageStore) throws -> Digest {
        if let digest = try? Digest(parsing: image) { return digest }
        return try store.resolve(image).digest
    }

    /// Of an index each image that it names is revoked too: releases are made of those.
    private func revoke(
        _ digest: Digest,
        with parts: [Digest],
        _ note: Revocation.Note,
        _ revocations: Revocations,
        _ store: ImageStore
    ) async throws -> Revocation {
        let names = try store.list()
        func revoke(_ digest: Digest, _ note: Revocation.Note) async throws -> Revocation {
            let name = names.first { $0.descriptor.digest == digest }?.name
            return try await revocations.revoke(digest, name: name, note)
        }
        let revocation = try await revoke(digest, note)
        for part in parts where part != digest { _ = try await revoke(part, revocation.note) }
        return revocation
    }

    /// With those that were revoked by the same word; what was said of one of them alone stays.
    private func lift(
        _ digest: Digest,
        with parts: [Digest],
        _ note: Revocation.Note,
        _ revocations: Revocations
    ) async throws -> Revocation {
        let holding = try revocations.holding()
        guard let said = holding[digest]?.note, let lifted = try await revocations.lift(digest, note) else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "image.not-revoked",
                    "image \(digest.short) is not revoked",
                    hint:
                        "kiln image list shows which are; one that inherits it is freed with the image that it "
                        + "stands on, or with the index that names it",
                    exitStatus: .usage
                )
            )
        }
        for part in parts where holding[part]?.note == said { _ = try await revocations.lift(part, note) }
        return lifted
    }

    private func tellHeirs(of digests: [Digest], _ store: ImageStore, _ console: Console) throws {
        let images = try store.list()
        let ancestries = try store.ancestries(of: images.map(\.descriptor.digest))
        let heirs = zip(images, ancestries).filter { image, ancestry in
            !digests.contains(image.descriptor.digest)
                && ancestry.members.dropFirst().contains { digests.contains($0.digest) }
        }
        guard !heirs.isEmpty else { return }
        console.message("so is what stands on it: " + heirs.map(\.0.name).joined(separator: ", "))
    }
}

extension CommandContext {
    /// Who ran the command, behind sudo too.
    var userName: String {
        if let name = environment["SUDO_USER"], !name.isEmpty { return name }
        if let entry = getpwuid(geteuid()) { return String(cString: entry.pointee.pw_name) }
        return "user \(geteuid())"
    }
}

/// A revocation as JSON shows it.
struct RevocationReport: Encodable {
    struct Note: Encodable {
        let reason: String
        let by: String
        let time: String

        init(_ note: Revocation.Note) {
            reason = note.reason
            by = note.by
            time = WallClock.format(note.time)
        }
    }

    let digest: Digest
    let name: String?
    let revoked: Note
    let lifted: Note?

    init(_ revocation: Revocation) {
        digest = revocation.digest
        name = revocation.name
        revoked = Note(revocation.note)
        lifted = revocation.lifted.map(Note.init)
    }
}
