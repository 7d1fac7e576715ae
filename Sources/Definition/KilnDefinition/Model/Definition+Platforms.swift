package import KilnOCI
import OrderedCollections

/// Images of several platforms.
extension Definition {
    /// What an image is baked for: what it says itself, else what the nearest below it says; empty for this machine's own
    /// platform.
    package func platforms(of name: ImageName) -> [ImagePlatform] {
        for link in chain(of: name).reversed() {
            if let platforms = images[link]?.platforms, !platforms.isEmpty { return platforms }
        }
        return []
    }

    /// The same definition with an image of its own for each platform of an image, which stands on that for the same
    /// platform and has what is meant for it. What says no platform stays what it is, so doing it twice changes nothing.
    package var perPlatform: Definition {
        guard images.values.contains(where: { !$0.platforms.isEmpty }) else { return self }
        var result = self
        result.images = [:]
        for (name, image) in images {
            let platforms = platforms(of: name)
            if platforms.isEmpty { result.images[name] = image }
            for platform in platforms { result.images[name.on(platform)] = image.narrowed(to: platform) }
        }
        return result
    }

    /// The images that a name stands for in `perPlatform`: one for each platform. A name that has a platform, or that is
    /// unknown, stands for itself.
    package func variants(of name: ImageName) -> [ImageName] {
        let platforms = platforms(of: name)
        return platforms.isEmpty ? [name] : platforms.map(name.on)
    }
}

extension ImageDefinition {
    fileprivate func narrowed(to platform: ImagePlatform) -> ImageDefinition {
        var image = self
        image.platforms = []
        if case .image(let parent) = origin { image.origin = .image(parent.on(platform)) }
        image.files.removeAll { !$0.platforms.isEmpty && !$0.platforms.contains(platform) }
        image.downloads.removeAll { !$0.platforms.isEmpty && !$0.platforms.contains(platform) }
        return image
    }
}
