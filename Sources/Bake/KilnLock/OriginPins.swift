import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import SystemPackage

/// Finds what images start from that comes from no archive: the digest of a tar file, what a registry's name stands for.
struct OriginPins {
    let locker: Locker
    let definition: Definition

    func pin(_ path: FilePath, _ image: ImageDefinition) async throws -> LockedTar {
        let file = definition.directory.pushing(path)
        guard Files.facts(file, followingSymlinks: true)?.kind == .file else {
            throw LockError(
                .tar,
                "there is no file \(path)",
                at: image.spans["from"] ?? image.span,
                hint: "from: tar: takes a path relative to the definition's folder",
                exitStatus: .usage
            )
        }
        let (digest, size) = try await Blocking.run { try FileDigest.measure(file) }
        return LockedTar(path: path.string, size: size, sha256: digest)
    }

    private var pull: ImagePull {
        ImagePull(
            store: ImageStore(home: locker.home),
            client: locker.registry,
            sources: definition.sources
        )
    }

    /// Whether what was locked is an image for the platform; brings it here, which a bake would do anyway.
    func holds(
        _ base: LockedBase,
        _ image: ImageDefinition,
        for platform: ImagePlatform
    ) async throws -> Bool {
        do {
            return platform.accepts(
                try await pull.pull(pinned: base.pinned, size: base.size).config.platform
            )
        } catch let error as RegistryError {
            throw error.at(image.spans["from"] ?? image.span)
        }
    }

    /// Asks the registry what the reference names, and keeps that.
    func pin(
        _ reference: ImageReference,
        _ image: ImageDefinition,
        for platform: ImagePlatform
    ) async throws -> LockedBase {
        do {
            let found = try await Progress.track(
                WorkID("lock/\(platform)/\(reference)"),
                label: "resolve \(reference) for \(platform)"
            ) { try await pull.resolution(of: reference, platform: platform) }
            let base = LockedBase(
                image: reference,
                index: found.named,
                digest: found.image.digest,
                size: found.image.size
            )
            try await pull.remember(found)
            let pulled = try await pull.pull(pinned: base.pinned, size: base.size).config.platform
            guard platform.accepts(pulled) else {
                throw RegistryError(
                    .platform,
                    "\(reference) is an image for \(pulled), not for \(platform)",
                    hint: "name its index, or one for \(platform)",
                    exitStatus: .usage
                )
            }
            return base
        } catch let error as RegistryError {
            throw error.at(image.spans["from"] ?? image.span)
        }
    }
}
