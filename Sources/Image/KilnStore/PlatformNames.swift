package import KilnOCI

/// The names of single platforms' images beside the common one, as a bake gives them: `shop@linux/arm64` beside `shop`. They
/// move with every bake of that platform, the common name only once all platforms are of one state.
extension ImageStore {
    private func platformNames(of common: String) throws -> [(platform: ImagePlatform, image: StoredImage)] {
        try list().compactMap { image in image.platform(under: common).map { ($0, image) } }
    }

    /// Those of them that refer to the very images which the common name has.
    func platformNames(ofImagesOf common: StoredImage) throws -> [StoredImage] {
        // Damage keeps no name from being taken away.
        let held = Set(((try? images(in: common.descriptor)) ?? []).map(\.digest))
        return try platformNames(of: common.name).map(\.image).filter { held.contains($0.descriptor.digest) }
    }

    /// Platforms that were baked without the others, so that the common name still has an older image of them.
    package func platformsAhead(of common: String) throws -> [ImagePlatform] {
        try strayPlatformNames(of: common).map(\.platform)
    }

    /// Once the common name was given to something from elsewhere: the names beside it would stand for something older, and go
    /// along.
    package func alignPlatformNames(with common: String) async throws {
        for (_, name, held) in try strayPlatformNames(of: common) { try await tag(name, held) }
    }

    /// Names beside the common one that refer to another image than that has for their platform, with the latter.
    private func strayPlatformNames(
        of common: String
    ) throws -> [(platform: ImagePlatform, name: String, held: Descriptor)] {
        guard let named = try list().first(where: { $0.name == common })?.descriptor else { return [] }
        return try platformNames(of: common).compactMap { platform, image in
            guard let held = try held(named, for: platform), held.digest != image.descriptor.digest else {
                return nil
            }
            return (platform, image.name, held)
        }
    }

    private func held(_ named: Descriptor, for platform: ImagePlatform) throws -> Descriptor? {
        if named.mediaType.isIndex { return try image(of: platform, in: named) }
        let config = try config(try manifest(named.digest).value).value
        return platform.accepts(config.platform) ? named : nil
    }
}

extension StoredImage {
    /// Of `shop@linux/arm64` beside `shop`; nil for any other name.
    func platform(under common: String) -> ImagePlatform? {
        guard name.hasPrefix(common + "@") else { return nil }
        return ImagePlatform(parsing: String(name.dropFirst(common.count + 1)))
    }
}
