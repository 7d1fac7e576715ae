import KilnBake
import KilnDefinition
import KilnDiagnostics
import OrderedCollections

/// What a bake took, for people.
struct BakeTimings {
    private let outcome: BakeOutcome
    let criticalPath: (images: [ImageName], elapsed: Duration)

    init(_ outcome: BakeOutcome, of definition: Definition) {
        self.outcome = outcome
        var parents: [ImageName: ImageName] = [:]
        for (name, image) in definition.images { parents[name] = image.parent }
        criticalPath = outcome.criticalPath(parents: parents)
    }

    /// `3 layers made, 2 cached, in 12.3 s`.
    var summary: String {
        let (made, cached) = outcome.counts
        let time = "in \(Quantities.duration(outcome.elapsed))"
        guard made > 0 else { return "nothing to make: \(layers(cached)) cached, \(time)" }
        return "\(layers(made)) made, \(cached) cached, \(time)"
    }

    private func layers(_ count: Int) -> String { count == 1 ? "1 layer" : "\(count) layers" }

    /// A row for each image's own layers, then the fetch, the critical path and the whole.
    func table(color: Bool) -> String {
        var table = TextTable(
            ("IMAGE", .left),
            ("LAYER", .left),
            ("SEAL", .right),
            ("RUN", .right),
            ("NORMALIZE", .right),
            ("WRITE", .right),
            ("TOTAL", .right)
        )
        for image in outcome.images {
            for layer in outcome.layers(of: image) {
                let title = layer.label
                let times = LayerTimings.Part.allCases.map { seconds(layer.timings[$0]) }
                table.add(
                    [image.name.description, Quantities.cut(title, to: 40)]
                        + times + [layer.isCached ? "cached" : seconds(layer.timings.total)]
                )
            }
        }
        let path = criticalPath.images.map(\.description).joined(separator: " > ")
        let lines = [
            table.render(color: color),
            "fetch: \(Quantities.duration(outcome.fetch)), once for all images",
            "critical path: \(path), \(Quantities.duration(criticalPath.elapsed))",
        ]
        return lines.joined(separator: "\n")
    }

    /// Nothing where nothing was done, so that the eye finds what took time.
    private func seconds(_ duration: Duration) -> String {
        duration == .zero ? "-" : Quantities.milliseconds(duration)
    }
}
