package import KilnDefinition
package import KilnDiagnostics
package import KilnOCI
package import KilnStore

/// Keeps revoked images, and what stands on them, out of new releases.
package struct RevocationGate: Sendable {
    private let images: ImageStore

    package init(images: ImageStore) {
        self.images = images
    }

    /// Throws when a release of this content must not be made; tells of what cannot be judged.
    package func check(_ content: ReleaseContent) throws {
        let ancestry = try images.ancestry(of: content.image)
        guard let member = ancestry.revoked, let revocation = member.revocation else {
            if let warning = unjudged(ancestry, content) { Progress.report(.diagnostic(warning)) }
            return
        }
        let image = "image \(content.imageName) (\(content.image.short))"
        throw FleetError(
            .revoked,
            member.digest == content.image
                ? "\(image) was revoked: no release is made of it"
                : "\(image) stands on \(member.shown), which was revoked: no release is made of it",
            causes: [revocation.shown],
            hint: remedy(member, of: content),
            status: .gateRefused
        )
    }

    /// A warning that what runs, or is brought back, was revoked; nil when it was not. An image that is not here any more
    /// cannot be asked for its ancestors.
    package func warning(of fleet: FleetName, release: ReleaseNumber, image: Digest) throws -> Diagnostic? {
        guard let member = try images.ancestry(of: image).revoked, let revocation = member.revocation else {
            return nil
        }
        let what =
            member.digest == image
            ? "an image that was revoked" : "an image on \(member.shown), which was revoked"
        return Diagnostic(
            .warning,
            code: FleetError.Code.revoked.rawValue,
            "release \(release) of \(fleet) runs \(what)",
            causes: [revocation.shown],
            hint: "it goes on running; bake a newer image and deploy it: kiln deploy \(fleet)"
        )
    }

    /// Images that this Kiln bakes say what they stand on; of others it ends where a manifest is not here.
    private func unjudged(_ ancestry: Ancestry, _ content: ReleaseContent) -> Diagnostic? {
        guard !ancestry.isComplete, let last = ancestry.members.last else { return nil }
        let image = "image \(content.imageName) (\(content.image.short))"
        return Diagnostic(
            .warning,
            code: "fleet.ancestry-unknown",
            "whether what \(image) stands on was revoked cannot be told",
            causes: ["\(last.shown) is not here, so what it stands on is unknown"],
            hint: "one that is baked and pushed anew says so itself, wherever it is pulled"
        )
    }

    private func remedy(_ member: Ancestry.Member, of content: ReleaseContent) -> String {
        if case .outdated = member.standing, member.digest != content.image {
            return "\(member.name ?? "it") is newer by now: kiln bake \(content.imageName), then deploy again"
        }
        return
            "mend what is wrong (kiln lock --update, say), kiln bake, and deploy again; what runs goes on running"
    }
}
