import KilnDefinition
import KilnDiagnostics
import SystemPackage

/// Which layers a bake makes anew although the cache has them. Pure.
package enum Rebuild: Sendable, Hashable {
    case nothing
    /// `--no-cache`: everything of the named images; of every image when none is named.
    case named
    /// `--rebuild-from`: this layer and all above it. A step's script as written, a kind of layer, or either of one
    /// image: `shop/scripts/install.sh`.
    case from(String)

    /// The keys of the layers to make anew; what stands on one is made anew too.
    func layers(of plan: BakePlan, named names: [ImageName]) throws -> Set<CacheKey> {
        if case .nothing = self { return [] }
        var anew: Set<CacheKey> = []
        var begun: Set<ImageName> = []
        var isFound = false
        for image in plan.images {
            var isAnew = image.parent.map(begun.contains) ?? false
            if self == .named, names.isEmpty || names.contains(image.name) { isAnew = true }
            for layer in image.layers {
                if case .from(let wanted) = self, Self.names(of: layer, in: image).contains(wanted) {
                    isAnew = true
                    isFound = true
                }
                if isAnew { anew.insert(layer.key) }
            }
            if isAnew { begun.insert(image.name) }
        }
        if case .from(let wanted) = self, !isFound { throw unknown(wanted, in: plan) }
        return anew
    }

    private static func names(of layer: PlannedLayer, in image: PlannedImage) -> [String] {
        var names = [layer.kind.rawValue]
        if let step = layer.operation.stepName { names.append(step) }
        return names + names.flatMap { ["\(image.name)/\($0)", "\(image.name.common)/\($0)"] }
    }

    private func unknown(_ wanted: String, in plan: BakePlan) -> BakeError {
        let known = plan.images.flatMap { image in
            image.layers.map { layer in "\(image.name)/\(layer.operation.stepName ?? layer.kind.rawValue)" }
        }
        return BakeError(
            Diagnostic(
                code: "bake.unknown-layer",
                "no layer of this bake is called \"\(wanted)\"",
                hint: Spelling.hint(for: wanted, in: known),
                exitStatus: .usage
            )
        )
    }
}

extension LayerOperation {
    /// What the definition calls a step.
    var stepName: String? {
        if case .step(let step) = self { step.run.string } else { nil }
    }
}
