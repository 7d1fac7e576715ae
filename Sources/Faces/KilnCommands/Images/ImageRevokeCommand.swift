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
        // Of an image of several platforms each is revoked: releases are made of those.
        for (part, name) in try parts(of: digest, in: store) {
            if undo {
                _ = try await revocations.lift(part, note)
            } else {
                _ = try await revocations.revoke(part, name: name, note)
            }
        }
        let revocation =
            try await undo
            ? lift(digest, note, revocations) : revocations.revoke(digest, name: name, note)
        if format.format == .json { return try context.resultJSON(RevocationReport(revocation)) }
        let shown = name.map { "\($0) (\(digest.short))" } ?? digest.description
        if undo {
            context.console.message("\(shown) is no longer revoked")
        } else if revocation.note == note {
            context.console.message("\(shown) is revoked: \(why)")
            try tellHeirs(of: digest, store, context.console)
        } else {
            context.console.message("\(shown) was revoked before: \(revocation.shown)")
        }
    }

    /// Also of an image that is not here: its children may be.
    private func digest(in store: ImageStore) throws -> Digest {
        if let digest = try? Digest(parsing: image) { return digest }
        return try store.resolve(image).digest
    }

    private func parts(of digest: Digest, in store: ImageStore) throws -> [(Digest, name: String?)] {
        guard let named = try? store.resolve(digest.description) else { return [] }
        let names = try store.list()
        return try store.images(in: named).filter { $0.digest != digest }.map { image in
            (image.digest, names.first { $0.descriptor.digest == image.digest }?.name)
        }
    }

    private func lift(
        _ digest: Digest,
        _ note: Revocation.Note,
        _ revocations: Revocations
    ) async throws -> Revocation {
        if let revocation = try await revocations.lift(digest, note) { return revocation }
        throw DiagnosticFailure(
            Diagnostic(
                code: "image.not-revoked",
                "image \(digest.short) is not revoked",
                hint:
                    "kiln image list shows which are; one that inherits it is freed with the image it stands on",
                exitStatus: .usage
            )
        )
    }

    private func tellHeirs(of digest: Digest, _ store: ImageStore, _ console: Console) throws {
        let images = try store.list()
        let ancestries = try store.ancestries(of: images.map(\.descriptor.digest))
        let heirs = zip(images, ancestries).filter { $1.members.dropFirst().contains { $0.digest == digest } }
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
