package import KilnDefinition
package import KilnDiagnostics
package import KilnOCI
import KilnStore
import KilnSystem
import OrderedCollections
import SystemPackage

extension Lock {
    /// Why this lock does not belong to the definition; empty when it does.
    ///
    /// `behaviours` are those of this program that decide on what the definition's images hold: another version of one, and
    /// layers would differ from those that the lock stands for, though no package moved. One that the lock does not
    /// name is not judged.
    ///
    /// Errors make it stale; a warning (another version of the same encoder) does not. One error for each image that differs
    /// by itself: those that stand on it are not told again. A bake ends with `usage`, a check passes `changesPending`.
    package func staleness(
        against definition: Definition,
        encoder: EncoderName,
        behaviours: [BehaviourVersion] = [],
        platform: ImagePlatform = .host,
        exitStatus: ExitStatus = .usage
    ) throws -> [Diagnostic] {
        let definition = definition.perPlatform
        func stale(_ message: String, _ causes: [String], at span: SourceSpan? = nil) -> Diagnostic {
            Diagnostic(
                code: "lock.stale",
                message,
                at: span,
                causes: causes,
                hint: "run: kiln lock",
                exitStatus: exitStatus
            )
        }
        var found: [Diagnostic] = []
        if self.encoder != encoder {
            let causes = ["the lock says \(self.encoder)", "this bake compresses with \(encoder)"]
            let isVariant = self.encoder.isVariant(of: encoder)
            found.append(
                isVariant
                    ? encoderWarning(causes) : stale("\(LockFile.name) was made for another encoder", causes)
            )
        }
        let moved = movedBehaviours(to: behaviours)
        if !moved.isEmpty {
            found.append(stale("\(LockFile.name) was made by a kiln that bakes other bits", moved))
        }
        let told = try staleImages(definition, platform)
        for (name, image) in told {
            let (causes, arePackages) = reasons(for: name, image, platform)
            let span = arePackages ? image.spans["packages"] ?? image.span : image.span
            found.append(
                stale("\(LockFile.name) does not match the definition of image \"\(name)\"", causes, at: span)
            )
        }
        for (name, image) in definition.images where !told.contains(where: { $0.0 == name }) {
            guard let mismatch = images[name]?.mismatch(of: image.downloads) else { continue }
            found.append(
                stale(
                    "\(LockFile.name) does not match the downloads of image \"\(name)\"",
                    mismatch.causes,
                    at: mismatch.span ?? image.span
                )
            )
        }
        let gone = images.keys.filter { definition.images[$0] == nil }.map { "\"\($0)\"" }
        if !gone.isEmpty {
            let cause = gone.joined(separator: ", ")
            found.append(stale("\(LockFile.name) holds images that are no longer defined", [cause]))
        }
        return found
    }

    /// The images whose `from: tar:` file is another than the one that was locked. Reads the files; one that is not there
    /// is not judged, nor is an image that `staleness` tells of.
    package func changedTars(
        against definition: Definition,
        platform: ImagePlatform = .host,
        exitStatus: ExitStatus = .usage
    ) async throws -> [Diagnostic] {
        var found: [Diagnostic] = []
        let definition = definition.perPlatform
        for (name, image) in definition.images {
            guard case .tar(let path) = image.origin, let locked = images[name] else { continue }
            let request = try LockRequest.digest(of: name, in: definition, platform: platform)
            let file = definition.directory.pushing(path)
            guard locked.request == request,
                Files.facts(file, followingSymlinks: true)?.kind == .file
            else { continue }
            let (digest, size) = try await Blocking.run { try FileDigest.measure(file) }
            let tar = LockedTar(path: path.string, size: size, sha256: digest)
            guard tar != locked.tar else { continue }
            found.append(
                Diagnostic(
                    code: "lock.stale",
                    "\(LockFile.name) does not match the file of image \"\(name)\"",
                    at: image.spans["from"] ?? image.span,
                    causes: [
                        "\(path) is \(digest) of \(size) bytes",
                        locked.tar.map { "the lock says \($0.sha256) of \($0.size) bytes" }
                            ?? "the lock holds no digest of it",
                    ],
                    hint: "run: kiln lock",
                    exitStatus: exitStatus
                )
            )
        }
        return found
    }

    /// Images whose request differs, without those that differ only in what they stand on.
    private func staleImages(
        _ definition: Definition,
        _ platform: ImagePlatform
    ) throws -> [(ImageName, ImageDefinition)] {
        var stale: Set<ImageName> = []
        var told: [(ImageName, ImageDefinition)] = []
        for chain in try definition.imagesFromTheGround() {
            guard let image = definition.images[chain.top] else { continue }
            let request = try LockRequest.digest(of: chain.top, in: definition, platform: platform)
            guard images[chain.top]?.request != request else { continue }
            let standsOnStale = !stale.isDisjoint(with: chain.below)
            stale.insert(chain.top)
            let asksTheSame = images[chain.top]?.asked == LockRequest.packages(of: image)
            if !(standsOnStale && asksTheSame) { told.append((chain.top, image)) }
        }
        return told
    }

    private func movedBehaviours(to behaviours: [BehaviourVersion]) -> [String] {
        behaviours.compactMap { behaviour in
            guard let known = self.behaviours.first(where: { $0.name == behaviour.name }), known != behaviour
            else { return nil }
            return "the lock says \(known), this kiln has \(behaviour)"
        }
    }

    private func encoderWarning(_ causes: [String]) -> Diagnostic {
        Diagnostic(
            .warning,
            code: "lock.encoder",
            "\(LockFile.name) names another version of the encoder: images get other manifest digests here",
            causes: causes,
            hint: "layers and image IDs stay the same; to move the lock to this machine's: kiln lock --update"
        )
    }

    private func reasons(
        for name: ImageName,
        _ image: ImageDefinition,
        _ platform: ImagePlatform
    ) -> (texts: [String], arePackages: Bool) {
        guard let locked = images[name] else { return (["the image is not in the lock"], false) }
        let asked = LockRequest.packages(of: image)
        let added = asked.filter { !locked.asked.contains($0) }
        let removed = locked.asked.filter { !asked.contains($0) }
        var texts: [String] = []
        if !added.isEmpty { texts.append("packages added: " + added.joined(separator: ", ")) }
        if !removed.isEmpty { texts.append("packages removed: " + removed.joined(separator: ", ")) }
        guard texts.isEmpty else { return (texts, true) }
        let native = platform.debianArchitecture
        let others =
            name.platform != nil
            ? []
            : Set(images.filter { $0.key.platform == nil }.values.flatMap(\.packages).map(\.architecture))
                .subtracting(["all", native])
        if !others.isEmpty {
            let names = others.sorted().joined(separator: ", ")
            return (["it was locked for \(names), and this machine is \(native)"], false)
        }
        return (
            ["what it starts from has changed (origin, archives, suites, components, recommends or pins)"],
            false
        )
    }
}
