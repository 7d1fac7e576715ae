import KilnDiagnostics
import KilnOCI
import OrderedCollections

/// What images are baked for.
extension DefinitionChecks {
    /// An image stands on that for the same platform.
    func judgePlatforms(of image: ImageDefinition, _ name: ImageName, _ reading: inout Reading) {
        let path: FieldPath = ["images", name.description]
        guard isSound("platforms", inChainOf: name, reading) else { return }
        let platforms = definition.platforms(of: name)
        if let parent = image.parent, !image.platforms.isEmpty {
            let below = definition.platforms(of: parent)
            for (index, platform) in image.platforms.enumerated() where !below.contains(platform) {
                reading.report(
                    "platform-below",
                    "the image \"\(parent)\" that it stands on is not baked for \(platform)",
                    at: reading.span(path + "platforms" + index),
                    hint: "add it to platforms: of image \"\(parent)\"",
                    notes: reading.note("it stands on that here", at: path + "from")
                )
            }
        }
        for (index, file) in image.files.enumerated() {
            judgeOnly(file.platforms, of: platforms, at: path + "files" + index, &reading)
        }
        for (index, download) in image.downloads.enumerated() {
            judgeOnly(download.platforms, of: platforms, at: path + "downloads" + index, &reading)
        }
    }

    private func judgeOnly(
        _ only: [ImagePlatform],
        of platforms: [ImagePlatform],
        at path: FieldPath,
        _ reading: inout Reading
    ) {
        for (index, platform) in only.enumerated() where !platforms.contains(platform) {
            reading.report(
                "other-platform",
                platforms.isEmpty
                    ? "the image does not say which platforms it is baked for"
                    : "the image is not baked for \(platform)",
                at: reading.span(path + "platforms" + index),
                hint: platforms.isEmpty
                    ? "add platforms: to the image"
                    : "it has \(platforms.map(\.description).joined(separator: ", "))"
            )
        }
    }

    /// What of a list meets on some platform: everything, where none says which it is for. Each group is a list of
    /// positions.
    func meeting(_ platforms: [[ImagePlatform]]) -> [[Int]] {
        let named = Set(platforms.joined())
        guard !named.isEmpty else { return [Array(platforms.indices)] }
        return named.sorted { $0.description < $1.description }.map { platform in
            platforms.indices.filter { platforms[$0].isEmpty || platforms[$0].contains(platform) }
        }
    }
}
