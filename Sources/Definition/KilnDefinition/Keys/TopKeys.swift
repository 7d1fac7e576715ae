import OrderedCollections

/// What the file holds, as read.
struct DefinitionDraft: Sendable {
    var compression = Definition().compression
    var archives: OrderedDictionary<ArchiveName, ArchiveDefinition> = [:]
    var images: OrderedDictionary<ImageName, ImageDraft> = [:]
    var fleets: OrderedDictionary<FleetName, FleetDefinition> = [:]
}

/// The keys of the file itself.
enum TopKeys {
    static let shape = Shape(
        "definition",
        help: "Archives, images and fleets: everything that a system is made of.",
        blank: DefinitionDraft(),
        fields: [
            .fixed("kiln", .format, help: "The version of this format.", example: "1"),
            .standard(
                "compression",
                \.compression,
                .choice("compression"),
                help: "How layers are compressed; `gzip` for tools that do not read zstd.",
                example: "zstd"
            ),
            .standard(
                "archives",
                \.archives,
                .map(
                    .name("archive"),
                    to: .object(ArchiveKeys.shape),
                    example: "debian",
                    named: "archive names to archives"
                ),
                help: "Package archives, by name.",
                example: "{debian: {suites: [bookworm]}}"
            ),
            .standard(
                "images",
                \.images,
                .map(
                    .name("image"),
                    to: .object(ImageKeys.shape),
                    example: "shop",
                    named: "image names to images"
                ),
                help: "Images, by name.",
                example: "{shop: {from: archive:debian}}"
            ),
            .standard(
                "fleets",
                \.fleets,
                .map(
                    .name("fleet"),
                    to: .object(FleetKeys.shape),
                    example: "shop",
                    named: "fleet names to fleets"
                ),
                help: "Fleets, by name.",
                example: "{shop: {image: shop}}"
            ),
        ]
    )
}
