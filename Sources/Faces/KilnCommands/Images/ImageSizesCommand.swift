import ArgumentParser
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

struct ImageSizesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sizes",
        abstract: "Show what images and layers take on disk, what they share, and the rest of the home.",
        discussion: """
            Counted are the blocks that are really taken: compressed blobs, sealed layers and indexes. ALONE is what no \
            other image needs, and what removing the image would free. The parts add up to the home's disk use.

            Example:

              kiln image sizes --format json
            """
    )

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let home = context.home
        let roots = try await roots(home)
        let use = try await Blocking.run { try DiskUse.measure(home, roots: roots) }
        let report = SizesReport(use, home)
        if format.format == .json { return try context.resultJSON(report) }
        context.console.result(report.text(color: context.console.output.color))
    }

    /// Named images, what names referred to before, and what releases need besides; each image once.
    private func roots(_ home: KilnHome) async throws -> [DiskUse.Root] {
        let releases = try await ReleasedImages(home: home, ReleaseRetention(last: .max)).names
        return try DiskUse.roots(of: ImageStore(home: home), others: releases)
    }
}

private struct SizesReport: Encodable {
    struct Image: Encodable {
        let name: String
        let digest: Digest
        let total: Int64
        let unique: Int64
        let shared: Int64
    }

    struct Layer: Encodable {
        let diffID: DiffID
        let blobs: Int64
        let sealed: Int64
        let index: Int64
        let images: [String]
    }

    struct Part: Encodable {
        let part: String
        let bytes: Int64
    }

    let home: String
    let bytes: Int64
    let images: [Image]
    let layers: [Layer]
    let parts: [Part]

    init(_ use: DiskUse, _ home: KilnHome) {
        self.home = home.root.string
        bytes = use.total
        images = use.images.map {
            Image(
                name: $0.root.name,
                digest: $0.root.digest,
                total: $0.total,
                unique: $0.unique,
                shared: $0.shared
            )
        }
        layers = use.layers.map {
            Layer(diffID: $0.diffID, blobs: $0.blobs, sealed: $0.sealed, index: $0.index, images: $0.images)
        }
        parts = DiskUse.Part.allCases.compactMap { part in
            use.parts[part].map { Part(part: part.rawValue, bytes: $0) }
        }
    }

    func text(color: Bool) -> String {
        var images = TextTable(
            ("IMAGE", .left),
            ("DIGEST", .left),
            ("TOTAL", .right),
            ("ALONE", .right),
            ("SHARED", .right)
        )
        for image in self.images {
            images.add(
                image.name,
                image.digest.short,
                Quantities.bytes(image.total),
                Quantities.bytes(image.unique),
                Quantities.bytes(image.shared)
            )
        }
        var layers = TextTable(
            ("LAYER", .left),
            ("BLOBS", .right),
            ("SEALED", .right),
            ("INDEX", .right),
            ("IMAGES", .left)
        )
        for layer in self.layers {
            layers.add(
                layer.diffID.short,
                Quantities.bytes(layer.blobs),
                Quantities.bytes(layer.sealed),
                Quantities.bytes(layer.index),
                layer.images.joined(separator: ", ")
            )
        }
        var parts = TextTable(("DISK", .left), ("SIZE", .right))
        for part in self.parts { parts.add(part.part, Quantities.bytes(part.bytes)) }
        parts.add("total", Quantities.bytes(bytes))
        return [images, layers, parts].filter { !$0.isEmpty }.map { $0.render(color: color) }
            .joined(separator: "\n\n")
    }
}
