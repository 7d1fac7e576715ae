import KilnArchive
import KilnDefinition
package import KilnDiagnostics
import KilnOCI
import SystemPackage

/// Why a bake cannot go on.
package struct BakeError: DiagnosticError {
    package let diagnostic: Diagnostic
    private let notes: [Diagnostic]

    package var diagnostics: [Diagnostic] { [diagnostic] + notes }

    init(_ diagnostic: Diagnostic, notes: [Diagnostic] = []) {
        self.diagnostic = diagnostic
        self.notes = notes
    }

    private init(
        _ code: String,
        _ message: String,
        at span: SourceSpan? = nil,
        causes: [String] = [],
        hint: String? = nil,
        exitStatus: ExitStatus = .failed
    ) {
        notes = []
        diagnostic = Diagnostic(
            code: "bake." + code,
            message,
            at: span,
            causes: causes,
            hint: hint,
            exitStatus: exitStatus
        )
    }
}

/// Errors of the definition or the lock.
extension BakeError {
    static func unknownImage(_ name: ImageName, known: [ImageName]) -> BakeError {
        BakeError(
            "unknown-image",
            "there is no image \"\(name)\" in the definition",
            hint: Spelling.hint(for: name.description, in: known.map(\.description)),
            exitStatus: .usage
        )
    }

    static func circular(_ name: ImageName, at span: SourceSpan?) -> BakeError {
        BakeError("circular", "the image \"\(name)\" stands on itself", at: span, exitStatus: .usage)
    }

    static func notLocked(_ name: ImageName, at span: SourceSpan?) -> BakeError {
        BakeError(
            "not-locked",
            "the lock knows no image \"\(name)\"",
            at: span,
            hint: "kiln lock",
            exitStatus: .usage
        )
    }

    static func missingInput(_ path: FilePath, at span: SourceSpan?) -> BakeError {
        BakeError("missing-input", "there is no file \"\(path)\"", at: span, exitStatus: .usage)
    }

    static func noScript(_ path: FilePath, at span: SourceSpan?) -> BakeError {
        BakeError(
            "no-script",
            "a step runs a file, and \"\(path)\" is a folder",
            at: span,
            hint: "name the file in it; what else it needs of the folder goes under inputs",
            exitStatus: .usage
        )
    }

    static func overlappingInputs(_ path: FilePath, _ other: FilePath, at span: SourceSpan?) -> BakeError {
        BakeError(
            "overlapping-inputs",
            "the input \"\(path)\" is given with \"\(other)\" already",
            at: span,
            hint: "leave one of them out",
            exitStatus: .usage
        )
    }

    static func unsupportedInput(_ path: FilePath, at span: SourceSpan?) -> BakeError {
        BakeError(
            "unsupported-input",
            "\"\(path)\" is no file, folder or symbolic link",
            at: span,
            hint: "sockets, pipes and devices cannot be put into an image",
            exitStatus: .usage
        )
    }

    static func notExactName(_ path: FilePath, at span: SourceSpan?) -> BakeError {
        BakeError(
            "input-name",
            "a file name in \"\(path)\" is not UTF-8",
            at: span,
            exitStatus: .usage
        )
    }

    static func notExactTarget(_ link: FilePath, at span: SourceSpan?) -> BakeError {
        BakeError(
            "input-name",
            "the link \"\(link)\" points to a name that is not UTF-8",
            at: span,
            exitStatus: .usage
        )
    }

    static func inputChanged(_ path: FilePath) -> BakeError {
        BakeError(
            "input-changed",
            "\"\(path)\" was changed while it was baked",
            hint: "wait until whatever writes it is done, then run the command again"
        )
    }

    static func tarChanged(_ path: String, at span: SourceSpan?) -> BakeError {
        BakeError(
            "tar-changed",
            "\"\(path)\" is not the tar that the lock names",
            at: span,
            hint: "run: kiln lock",
            exitStatus: .usage
        )
    }

    static func overlayAttribute(_ name: String, of path: String, at span: SourceSpan?) -> BakeError {
        BakeError(
            "tar-attribute",
            "the tar gives \"\(path)\" the attribute \(name), by which a mount would show something else",
            at: span,
            hint: "it was made from the inside of an overlay: make it from the tree that the overlay shows",
            exitStatus: .usage
        )
    }
}

/// Errors of verifying.
extension BakeError {
    static func bakedFromElse(
        _ name: ImageName,
        _ stored: Digest,
        _ expected: Digest,
        at span: SourceSpan?
    ) -> BakeError {
        BakeError(
            "other-origin",
            "the store's image \"\(name)\" was not baked from this definition and lock as they are now",
            at: span,
            causes: ["the store has \(stored)", "a bake of the definition and lock gave \(expected)"],
            hint: "run: kiln bake \(name)"
        )
    }

    static func commonNameBehind(_ name: ImageName, at span: SourceSpan?) -> BakeError {
        BakeError(
            "other-origin",
            "the store's image \"\(name)\" is not made of the images that its platforms have by now",
            at: span,
            causes: ["one platform was baked without the others, or the name was given to something else"],
            hint: "run: kiln bake \(name)"
        )
    }

    static func otherLayers(_ name: ImageName, stored: Int, rebuilt: Int, at span: SourceSpan?) -> BakeError {
        BakeError(
            "other-origin",
            "the store's image \"\(name)\" was not baked from this definition and lock as they are now",
            at: span,
            causes: ["the store's has \(stored) layers, and the definition and lock make \(rebuilt)"],
            hint: "run: kiln bake \(name)"
        )
    }
}

/// Errors of the image's own content.
extension BakeError {
    static func duplicateUser(_ message: String, at span: SourceSpan?) -> BakeError {
        BakeError("duplicate-user", message, at: span, exitStatus: .usage)
    }

    static func unknownOwner(_ owner: String, known: [String], at span: SourceSpan?) -> BakeError {
        BakeError(
            "unknown-owner",
            "the image has no user \"\(owner)\"",
            at: span,
            hint: Spelling.nearest(to: owner, in: known).map { "did you mean \"\($0)\"?" }
                ?? "declare it under users",
            exitStatus: .usage
        )
    }

    static func badTarget(_ target: String, _ why: String, at span: SourceSpan?) -> BakeError {
        BakeError("target", "cannot place \"\(target)\": \(why)", at: span, exitStatus: .usage)
    }

    static func malformedAccounts(_ file: String, line: String) -> BakeError {
        BakeError("accounts", "the image's \(file) has a line that cannot be read", causes: [line])
    }

    static func noDebconf(_ image: ImageName, at span: SourceSpan?) -> BakeError {
        BakeError(
            "no-debconf",
            "image \"\(image)\" answers debconf's questions, and has no debconf",
            at: span,
            hint: "add debconf to its packages, or delete the answers",
            exitStatus: .usage
        )
    }

    static func device(_ path: String, in image: ImageName) -> BakeError {
        BakeError(
            "device",
            "a layer of \"\(image)\" would hold a device node: /\(path)",
            hint: "instances get their devices when they start; images hold none"
        )
    }

    static func badPackage(_ file: String, _ why: String) -> BakeError {
        BakeError("package", "\(file) is no package that can be installed", causes: [why])
    }

    static func badPackage(_ file: String, _ error: ArchiveError) -> BakeError {
        badPackage(file, error.diagnostics.map(\.message).joined(separator: "\n"))
    }
}

/// Errors of the machine.
extension BakeError {
    static func foreignPrograms(
        _ image: ImageName,
        _ platform: ImagePlatform,
        at span: SourceSpan?
    ) -> BakeError {
        BakeError(
            "foreign-programs",
            "this machine cannot run programs for \(platform), which image \"\(image)\" needs to be baked",
            at: span,
            hint: "apt-get install qemu-user-static binfmt-support, which registers qemu with the kernel; "
                + "kiln doctor tells whether it is"
        )
    }

    static func needsRoot(_ images: [ImageName]) -> BakeError {
        BakeError(
            "needs-root",
            "baking \(images.map { "\"\($0)\"" }.joined(separator: ", ")) needs root",
            causes: ["packages and steps run in a container with mounts of its own"],
            hint: "run the command with sudo; images of users and files alone bake without root"
        )
    }

    static func damagedPackages(_ packages: [String]) -> BakeError {
        BakeError(
            "damaged-package",
            "kept packages are not what the lock names: \(packages.joined(separator: ", "))",
            causes: ["they were changed or damaged after they had been fetched, and are deleted now"],
            hint: "run the command again: it fetches them anew"
        )
    }

    static func missingIndex() -> BakeError {
        BakeError(
            "missing-index",
            "what a layer below holds is no longer known",
            causes: ["something was removed from the store while it was used"],
            hint: "run the command again"
        )
    }
}

/// Errors of steps' secrets. None of them ever shows a value.
extension BakeError {
    static func missingSecret(_ secret: StepSecret, _ why: String) -> BakeError {
        BakeError(
            "missing-secret",
            "the secret \"\(secret.name)\" is not on this machine: \(why)",
            at: secret.span,
            hint: "nothing was baked; a step whose layer is cached needs no secret",
            exitStatus: .usage
        )
    }

    static func shortSecret(_ secret: StepSecret, _ shortest: Int) -> BakeError {
        BakeError(
            "short-secret",
            "the secret \"\(secret.name)\" has fewer than \(shortest) bytes",
            at: secret.span,
            causes: ["so short a text stands in files by chance: that it is in no layer could not be shown"],
            exitStatus: .usage
        )
    }

    static func longSecret(_ secret: StepSecret, _ longest: Int) -> BakeError {
        BakeError(
            "long-secret",
            "the secret \"\(secret.name)\" has more than \(longest >> 10) KiB",
            at: secret.span,
            exitStatus: .usage
        )
    }

    static func secretsNotHandedOver(
        to what: String,
        _ outcome: ContainerRunner.Outcome,
        at span: SourceSpan?
    ) -> BakeError {
        let said = outcome.lastLines.joined(separator: "\n")
        return BakeError(
            "secret-mount",
            "the secrets of \(what) could not be handed to it: \(outcome.status.words)",
            at: span,
            causes: said.isEmpty ? [] : [said],
            hint:
                "unshare, mount (of a ramfs), base64 and chmod of this machine do that: see what keeps them from it"
        )
    }

    static func leakedSecret(_ found: SecretScan.Finding, _ step: StepDefinition) -> BakeError {
        BakeError(
            "leaked-secret",
            "\(step.run) left the secret \"\(found.secret)\" in the image: /\(found.path) (\(found.part))",
            at: step.span,
            hint: "what the step made was thrown away: let it use the secret without writing it down"
        )
    }
}

/// Errors of downloads.
extension BakeError {
    static func downloadNotLocked(_ download: DownloadDefinition) -> BakeError {
        BakeError(
            "not-locked",
            "the lock does not hold \(download.url)",
            at: download.span,
            hint: "kiln lock",
            exitStatus: .usage
        )
    }

    static func badDownload(_ download: DownloadDefinition, _ causes: [String]) -> BakeError {
        BakeError(
            "download",
            "\(download.url) cannot be unpacked",
            at: download.span,
            causes: causes,
            hint: "unpack takes a tar, plain or compressed with gzip, xz or zstd",
            exitStatus: .usage
        )
    }
}
