import KilnDiagnostics
import OrderedCollections

/// Where packages come from, and which versions are preferred.
extension DefinitionChecks {
    func judgePackaging(_ reading: inout Reading) {
        for (name, image) in definition.images {
            let path: FieldPath = ["images", name.description]
            if reading.isSound(path + "archives") { judgeArchives(of: image, name, &reading) }
            if reading.isSound(path + "pins") { judgePins(of: image, name, &reading) }
            if reading.isSound(path + "debconf") { judgeDebconf(of: image, name, &reading) }
            judgeHardening(of: image, name, &reading)
        }
    }

    private func judgeArchives(of image: ImageDefinition, _ name: ImageName, _ reading: inout Reading) {
        guard !image.archives.isEmpty else { return }
        let path: FieldPath = ["images", name.description, "archives"]
        let names = reading.names(at: ["archives"])
        for (index, archive) in image.archives.enumerated()
        where !names.contains(archive.description) && reading.isUsable(["archives"]) {
            reportUnknown(
                "archive",
                archive.description,
                among: names,
                at: reading.span(path + index),
                &reading
            )
        }
        guard isSound("from", inChainOf: name, reading), definition.archive(of: name) == nil else { return }
        reading.report(
            "no-archive",
            "further archives need a first one, but the image does not start from an archive",
            at: reading.keySpan(path),
            hint: "packages need an image that starts from: archive:NAME, itself or further down"
        )
    }

    private func judgePins(of image: ImageDefinition, _ name: ImageName, _ reading: inout Reading) {
        guard !image.pins.isEmpty, isSound("from", inChainOf: name, reading),
            isSound("archives", inChainOf: name, reading)
        else { return }
        let path: FieldPath = ["images", name.description, "pins"]
        let archives = definition.archives(of: name)
        guard !archives.isEmpty else {
            reading.report(
                "no-archive",
                "pins need an archive, and the image does not start from one",
                at: reading.keySpan(path),
                hint: "delete them"
            )
            return
        }
        let isKnown = archives.allSatisfy { definition.archives[$0] != nil }
        for (index, pin) in image.pins.enumerated() where isKnown {
            judge(pin, at: path + index, among: archives, &reading)
        }
    }

    /// Answers are given to the packages of the image's own layer.
    private func judgeDebconf(of image: ImageDefinition, _ name: ImageName, _ reading: inout Reading) {
        let path: FieldPath = ["images", name.description, "debconf"]
        guard !image.debconf.isEmpty, reading.isSound(["images", name.description, "from"]) else { return }
        let questions = image.debconf.enumerated().map { index, answer in
            (value: answer.question, path: path + index + "question")
        }
        reportRepeated(questions, "duplicate-question", hint: "keep one of the two", &reading) {
            "\($0) is answered twice"
        }
        if case .archive = image.origin { return }
        guard image.packages.isEmpty, reading.isSound(["images", name.description, "packages"]) else {
            return
        }
        reading.report(
            "useless-key",
            "debconf answers mean nothing without packages of the image's own",
            at: reading.keySpan(path),
            hint: "put them where the packages are that ask"
        )
    }

    private func judgeHardening(of image: ImageDefinition, _ name: ImageName, _ reading: inout Reading) {
        let path: FieldPath = ["images", name.description]
        guard isSound("from", inChainOf: name, reading), isSound("profile", inChainOf: name, reading),
            isSound("hardening", inChainOf: name, reading)
        else { return }
        if reading.isWritten(path + "hardening"), definition.resolvedImage(name).profile == nil {
            reading.report(
                "useless-key",
                "\"hardening\" means nothing without a profile",
                at: reading.keySpan(path + "hardening"),
                hint: "add profile: hardened, here or to an image that this one stands on"
            )
        }
        guard let remover = removerOfPackageManager(below: name) else { return }
        let notes = reading.note("it is taken out here", at: ["images", remover.description, "hardening"])
        if !image.packages.isEmpty {
            reading.report(
                "no-package-manager",
                "packages cannot be added: image \"\(remover)\" takes the package manager out",
                at: reading.keySpan(path + "packages"),
                hint: "add them to \"\(remover)\" or below it, or take the package manager out in this image",
                notes: notes
            )
        }
        if reading.isWritten(path + "hardening"), image.hardening.packageManager == .keep {
            reading.report(
                "no-package-manager",
                "the package manager cannot be kept: image \"\(remover)\" takes it out",
                at: reading.span(path + "hardening" + "package_manager")
                    ?? reading.keySpan(path + "hardening"),
                hint: "say package_manager: remove here too",
                notes: notes
            )
        }
    }

    /// The lowest image below that ends without a package manager.
    private func removerOfPackageManager(below name: ImageName) -> ImageName? {
        definition.chain(of: name).dropLast().first { below in
            let image = definition.resolvedImage(below)
            return image.profile == .hardened && image.hardening.packageManager == .remove
        }
    }

    private func judge(
        _ pin: PackagePin,
        at path: FieldPath,
        among archives: [ArchiveName],
        _ reading: inout Reading
    ) {
        let listed = archives.map { "\"\($0)\"" }.joined(separator: ", ")
        switch pin.target {
        case .version:
            guard pin.package == "*" else { return }
            reading.report(
                "bad-pin",
                "a version can be pinned of named packages only",
                at: reading.span(path + "package"),
                hint: "name the package, or pin a suite or an archive"
            )
        case .archive(let archive):
            guard !archives.contains(archive) else { return }
            reading.report(
                "unknown-archive",
                "the image takes no packages from an archive \"\(archive)\"",
                at: reading.span(path + "archive"),
                hint: definition.archives[archive] == nil
                    ? Spelling.hint(for: archive.description, in: archives.map(\.description))
                    : "it has \(listed); add archives: [\(archive)] to the image"
            )
        case .suite(let suite):
            let suites = archives.flatMap { definition.archives[$0]?.suites ?? [] }
            guard !suites.contains(suite) else { return }
            reading.report(
                "unknown-suite",
                "no archive of the image has the suite \"\(suite)\"",
                at: reading.span(path + "suite"),
                hint: Spelling.nearest(to: suite, in: suites).map { "did you mean \"\($0)\"?" }
                    ?? "add it to suites: of one of its archives (\(listed))"
            )
        }
    }
}
