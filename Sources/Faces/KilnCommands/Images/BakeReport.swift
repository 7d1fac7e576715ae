import KilnBake
import KilnDefinition
import KilnOCI
import KilnSystem

/// A bake's result as `--format json` shows it.
struct BakeReport: Encodable {
    struct Image: Encodable {
        let name: ImageName
        let digest: Digest
        let imageID: Digest
        let seconds: Double
        let layers: [Layer]
    }

    struct Layer: Encodable {
        let kind: String
        let title: String
        let diffID: DiffID
        let digest: Digest
        let size: Int64
        let cached: Bool
        /// Seconds of each part.
        let timings: [String: Double]
    }

    struct CriticalPath: Encodable {
        let images: [ImageName]
        let seconds: Double
    }

    /// What the name of an image of several platforms refers to now.
    struct PlatformName: Encodable {
        let name: ImageName
        let digest: Digest
    }

    let images: [Image]
    let indexes: [PlatformName]
    let made: Int
    let cached: Int
    let seconds: Double
    let fetchSeconds: Double
    let criticalPath: CriticalPath
    /// Only with `--verify`.
    let verification: VerificationReport?

    init(_ outcome: BakeOutcome, _ times: BakeTimings, _ verification: VerificationReport? = nil) {
        self.verification = verification
        images = outcome.images.map(Image.init)
        indexes = outcome.platformNames.map { PlatformName(name: $0.name, digest: $0.descriptor.digest) }
        (made, cached) = outcome.counts
        seconds = outcome.elapsed.inSeconds
        fetchSeconds = outcome.fetch.inSeconds
        criticalPath = CriticalPath(
            images: times.criticalPath.images,
            seconds: times.criticalPath.elapsed.inSeconds
        )
    }
}

extension BakeReport.Image {
    fileprivate init(_ image: BakedImage) {
        name = image.name
        digest = image.manifest.digest
        imageID = image.imageID
        seconds = image.elapsed.inSeconds
        layers = image.layers.map(BakeReport.Layer.init)
    }
}

extension BakeReport.Layer {
    fileprivate init(_ layer: BakedLayer) {
        kind = layer.kind.rawValue
        title = layer.title
        diffID = layer.diffID
        digest = layer.blob.digest
        size = layer.blob.size
        cached = layer.isCached
        timings = Dictionary(
            uniqueKeysWithValues: layer.timings.parts.map { ($0.rawValue, $1.inSeconds) }
        )
    }
}
