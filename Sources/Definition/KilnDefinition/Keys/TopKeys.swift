import KilnRegistry
import OrderedCollections
import SystemPackage

/// What the file holds, as read.
struct DefinitionDraft: Sendable {
    var compression = Definition().compression
    var sources: [Repository] = []
    var trust: OrderedDictionary<SignerName, [FilePath]> = [:]
    var archives: OrderedDictionary<ArchiveName, ArchiveDefinition> = [:]
    var images: OrderedDictionary<ImageName, ImageDraft> = [:]
    var fleets: OrderedDictionary<FleetName, FleetDefinition> = [:]
    var vars: OrderedDictionary<String, String> = [:]
    var environments: OrderedDictionary<EnvironmentName, EnvironmentDraft> = [:]
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
                "vars",
                \.vars,
                .variables,
                help: """
                    Values by name. `${name}` in any value of the file stands for one, and `$${` for `${` itself.
                    """,
                example: "{log_level: info}"
            ),
            .standard(
                "sources",
                \.sources,
                .list(of: .repository, named: "repositories", isUnique: true),
                help: """
                    Repositories to which `kiln image push` has sent images with what they were made of. Packages and base \
                    images that are locked are fetched from there first: archives drop superseded ones. A place, and \
                    no part of any image.
                    """,
                example: "[registry.example.org/shop]"
            ),
            .standard(
                "trust",
                \.trust,
                .map(
                    .name("signer"),
                    to: .list(of: .file, named: "files of public keys", atLeast: 1, isUnique: true),
                    example: "shop-ci",
                    named: "signers to their keys"
                ),
                help: """
                    Who signs images, by name: the files of their public keys (`kiln key generate`), absolute or beside the \
                    definition. Any of a signer's keys counts, so that the next one is added before the last one goes.
                    """,
                example: "{shop-ci: [keys/shop-ci.pub]}"
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
            .standard(
                "environments",
                \.environments,
                .map(
                    .name("environment"),
                    to: .object(EnvironmentKeys.shape),
                    example: "prod",
                    named: "environment names to environments"
                ),
                help: "What differs from one environment to another, by name.",
                example: "{prod: {fleets: {shop: {instances: 12}}}}"
            ),
        ]
    )
}
