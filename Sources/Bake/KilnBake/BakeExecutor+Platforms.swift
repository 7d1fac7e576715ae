import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnStore
import OrderedCollections

/// The common names of images of several platforms.
extension BakeExecutor {
    /// Gives the common name to the images of all platforms, once all of them are as definition and lock have them: those of this
    /// bake, and what earlier ones left of the others. Where one is missing the name stays, and that is said.
    func namePlatforms(of images: [BakedImage]) async throws -> [(ImageName, Descriptor)] {
        guard namesPlatforms else { return [] }
        let baked = Dictionary(images.map { ($0.name, $0.manifest) }) { first, _ in first }
        let names = written.images.keys.filter { name in
            written.platforms(of: name).contains { baked[name.on($0)] != nil }
        }
        let others = names.flatMap(written.variants).filter { baked[$0] == nil }
        let current = baked.merging(try await left(of: others)) { first, _ in first }
        let store = ImageStore(home: home)
        var named: [(ImageName, Descriptor)] = []
        for name in names {
            let platforms = written.platforms(of: name)
            let parts = platforms.compactMap { platform in current[name.on(platform)].map { (platform, $0) } }
            guard parts.count == platforms.count else {
                let missing = platforms.filter { current[name.on($0)] == nil }
                Progress.report(.diagnostic(behind(name, missing)))
                continue
            }
            named.append((name, try await store.tag(name.description, platforms: parts)))
        }
        return named
    }

    /// What earlier bakes of the same definition and lock left of the images, as a whole.
    private func left(of names: [ImageName]) async throws -> [ImageName: Descriptor] {
        guard !names.isEmpty else { return [:] }
        let store = ImageStore(home: home)
        do {
            let (plan, _) = try await plan(names)
            return try remembered(plan, on: try await basesThatAreHere(plan)).mapValues(\.manifest)
                .filter { store.isWhole($0.value.digest) }
        } catch is any DiagnosticError {
            // What keeps them from being baked, a missing file say, is none of this bake's business.
            return [:]
        }
    }

    private func behind(_ name: ImageName, _ missing: [ImagePlatform]) -> Diagnostic {
        let platforms = missing.map(\.description).joined(separator: ", ")
        return Diagnostic(
            .note,
            code: "bake.platforms",
            "the name \(name) is not moved: \(platforms) is not baked as definition and lock have it",
            hint:
                "kiln bake \(name) makes the images of all platforms; fleets of this machine run its own already"
        )
    }
}
