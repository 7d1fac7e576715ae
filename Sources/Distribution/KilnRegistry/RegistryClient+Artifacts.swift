package import KilnOCI

/// How what is said of an image is found in a registry: in the list of referrers, and for some kinds under a tag that is made of
/// the image's digest (cosign, SIGNATURE_SPEC.md, "Tag-based Discovery").
enum ArtifactTag {
    /// nil for a kind that has no tag.
    static func suffix(of type: MediaType) -> String? {
        switch type {
        case .signatures: ".sig"
        case .statement: ".att"
        default: nil
        }
    }

    static let suffixes: [(type: MediaType, suffix: String)] = [(.signatures, ".sig"), (.statement, ".att")]

    static func reference(
        _ suffix: String,
        of subject: Digest,
        in repository: Repository
    ) -> ImageReference {
        ImageReference(repository, tag: "sha256-" + subject.hex + suffix, digest: nil)
    }
}

extension RegistryClient {
    /// Most artifacts about one image that are looked at.
    private static let artifactLimit = 50

    /// The artifacts about an image in a repository, those under tags as of their kinds; each set of layers once.
    package func artifacts(
        about subject: Digest,
        in repository: Repository
    ) async throws -> [ArtifactManifest] {
        var found: [ArtifactManifest] = []
        for (type, suffix) in ArtifactTag.suffixes {
            let reference = ArtifactTag.reference(suffix, of: subject, in: repository)
            guard var artifact = try await artifact(reference) else { continue }
            artifact.artifactType = type
            found.append(artifact)
        }
        var seen: Set<Digest> = []
        for entry in try await referrers(of: subject, in: repository).prefix(Self.artifactLimit)
        where entry.mediaType.isManifest && seen.insert(entry.digest).inserted {
            let reference = ImageReference(repository, tag: nil, digest: entry.digest)
            // A list can name what is gone, and what says that it is about another image.
            guard let artifact = try await artifact(reference), artifact.subject?.digest == subject else {
                continue
            }
            if !found.contains(where: { $0.layers == artifact.layers }) { found.append(artifact) }
        }
        return found
    }

    /// nil when there is none.
    func artifact(_ reference: ImageReference) async throws -> ArtifactManifest? {
        let manifest: RegistryManifest
        do {
            manifest = try await self.manifest(reference)
        } catch let error as RegistryError where error.code == .notFound {
            return nil
        }
        do {
            return try CanonicalJSON.decode(ArtifactManifest.self, from: manifest.bytes)
        } catch {
            throw RegistryError(
                .content,
                "\(reference) cannot be read as what is said of an image",
                causes: [String(describing: error)]
            )
        }
    }
}
