import KilnArchive
import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnOCI

/// What verifying images came to, for people and scripts.
struct VerificationReport: Encodable {
    struct Image: Encodable {
        let name: ImageName
        let result: String
        let stored: Identity
        let rebuilt: Identity
        /// Whether the store had no such image, so that it was baked first.
        let baked: Bool
        let layers: [Layer]
    }

    struct Identity: Encodable {
        let digest: Digest
        let imageID: Digest

        init(_ identity: ImageVerification.Identity) {
            digest = identity.manifest
            imageID = identity.imageID
        }
    }

    struct Layer: Encodable {
        let number: Int
        let createdBy: String
        let image: ImageName
        /// In the definition, as `file:line:column`.
        let place: String?
        let result: String
        let stored: DiffID
        let rebuilt: DiffID
        /// nil for a layer that no program makes.
        let clockWasMoved: Bool?
        let differences: Differences
    }

    let images: [Image]

    init(_ verifications: [ImageVerification], limit: Int) {
        images = verifications.map { image in
            Image(
                name: image.name,
                result: image.layers.contains { $0.isDamaged } ? Self.damaged : Self.word(image.isSame),
                stored: Identity(image.stored),
                rebuilt: Identity(image.rebuilt),
                baked: image.wasBaked,
                layers: image.layers.map { layer in
                    Layer(
                        number: layer.number,
                        createdBy: layer.title,
                        image: layer.image,
                        place: layer.span?.place,
                        result: layer.isDamaged ? Self.damaged : Self.word(layer.isSame),
                        stored: layer.stored,
                        rebuilt: layer.rebuilt,
                        clockWasMoved: layer.clockWasMoved,
                        differences: Differences(layer.differences, limit: limit)
                    )
                }
            )
        }
    }

    var isSame: Bool { images.allSatisfy { $0.result == Self.word(true) } }

    func text(color: Bool) -> String {
        var table = TextTable(
            ("IMAGE", .left),
            ("LAYER", .left),
            ("RESULT", .left),
            ("DIFF ID", .left),
            ("MADE BY", .left)
        )
        for image in images {
            for layer in image.layers {
                table.add(
                    image.name.description,
                    String(layer.number),
                    layer.result,
                    layer.stored.short,
                    layer.createdBy
                )
            }
            table.add(image.name.description, "image", image.result, image.stored.imageID.short, "-")
        }
        return ([table.render(color: color)] + images.flatMap(Self.details)).joined(separator: "\n")
    }

    /// The store's own copy is not what its digest says.
    private static let damaged = "damaged"

    private static func word(_ isSame: Bool) -> String { isSame ? "verified" : "differs" }

    private static func details(_ image: Image) -> [String] {
        let layers = image.layers.filter { $0.result != word(true) }.flatMap(details)
        guard layers.isEmpty, image.result != word(true) else { return layers }
        let isEncoding = image.stored.imageID == image.rebuilt.imageID
        return [
            "",
            isEncoding
                ? "\(image.name): its layers hold the same and are compressed otherwise, by another encoder"
                : "\(image.name): its layers are the same, what it says of how it starts is not",
            "  stored   \(image.stored.digest)", "  rebuilt  \(image.rebuilt.digest)",
        ]
    }

    private static func details(_ layer: Layer) -> [String] {
        let place = layer.place.map { " (\($0))" } ?? ""
        let head = "\(layer.image), layer \(layer.number): \(layer.createdBy)\(place)"
        if layer.result == damaged {
            return [
                "", head, "  what the store keeps as this layer is gone or damaged",
                "  to make it anew: kiln bake --no-cache \(layer.image)",
            ]
        }
        guard !layer.differences.paths.isEmpty else {
            return ["", head, "  what the layer holds is the same, its tar is not"]
        }
        return ["", head] + layer.differences.lines(first: "stored", second: "rebuilt").map { "  " + $0 }
    }
}

/// Paths that differ, no more than one wants to read, and how many more there are.
struct Differences: Encodable {
    struct Path: Encodable {
        let path: String
        let changes: [Change]
    }

    struct Change: Encodable {
        let what: String
        let first: String?
        let second: String?
    }

    let paths: [Path]
    let more: Int

    init(_ differences: [PathDifference], limit: Int) {
        paths = differences.prefix(limit).map { difference in
            Path(
                path: "/" + difference.path,
                changes: difference.changes.map { Change(what: $0.what, first: $0.first, second: $0.second) }
            )
        }
        more = max(0, differences.count - limit)
    }

    /// One line a change, the path before the first.
    func lines(first: String, second: String) -> [String] {
        let lines = paths.flatMap { path in
            [ShownText.line(path.path)]
                + path.changes.map { "  " + Self.line($0, first: first, second: second) }
        }
        return more == 0 ? lines : lines + ["and \(more) more paths"]
    }

    private static func line(_ change: Change, first: String, second: String) -> String {
        let old = change.first.map { shown($0, change.what) }
        let new = change.second.map { shown($0, change.what) }
        switch (old, new) {
        case (let old?, nil): return "\(change.what): \(old), only in \(first)"
        case (nil, let new?): return "\(change.what): \(new), only in \(second)"
        default: return "\(change.what): \(old ?? "-") \(first), \(new ?? "-") \(second)"
        }
    }

    /// Content is told apart by the first digits of its digest.
    private static func shown(_ value: String, _ what: String) -> String {
        if what == "content", let digest = try? Digest(parsing: value) { return digest.short }
        return ShownText.line(value.count > 80 ? value.prefix(80) + "…" : value)
    }
}
