package import KilnDiagnostics
package import KilnRegistry
package import OrderedCollections
package import SystemPackage

/// What a user wrote in `kiln.yaml`: archives, images and fleets, in the order written.
package struct Definition: Sendable {
    /// How layers are compressed; the lock names the exact encoder.
    package var compression: Compression
    /// Where what was locked is kept, in the order in which it is asked for.
    package var sources: [Repository]
    /// Who signs images, by the files of their public keys: any of the keys counts.
    package var trust: OrderedDictionary<SignerName, [FilePath]> = [:]
    package var archives: OrderedDictionary<ArchiveName, ArchiveDefinition>
    package var images: OrderedDictionary<ImageName, ImageDefinition>
    package var fleets: OrderedDictionary<FleetName, FleetDefinition>
    /// The environments that there are, and the one whose values the fleets have; nil is for none.
    package var environments: [EnvironmentName] = []
    package var environment: EnvironmentName?
    /// The folder that relative paths start from: the definition's own.
    package var directory: FilePath
    package var source: SourceText

    package init(
        compression: Compression = .zstd,
        sources: [Repository] = [],
        archives: OrderedDictionary<ArchiveName, ArchiveDefinition> = [:],
        images: OrderedDictionary<ImageName, ImageDefinition> = [:],
        fleets: OrderedDictionary<FleetName, FleetDefinition> = [:],
        directory: FilePath = ".",
        source: SourceText = SourceText(name: "kiln.yaml", text: "")
    ) {
        self.compression = compression
        self.sources = sources
        self.archives = archives
        self.images = images
        self.fleets = fleets
        self.directory = directory
        self.source = source
    }
}

package enum Compression: String, Sendable, Hashable, Codable, CaseIterable {
    case zstd
    case gzip
}
