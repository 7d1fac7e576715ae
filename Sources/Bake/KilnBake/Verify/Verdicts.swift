import KilnArchive
import KilnDefinition
import KilnOCI
import KilnStore
import KilnSystem

/// Keeps with the layer cache what verifications came to, by what the layers were made from.
struct Verdicts {
    let home: KilnHome
    let encoding: LayerEncoding

    func record(_ found: [ImageVerification], _ stacks: [ImageName: [PlannedStackLayer]]) throws {
        let cache = LayerCache(home: home)
        let images = ImageStore(home: home)
        for image in found {
            let blobs = try images.manifest(image.stored.manifest).value.layers
            for (index, made) in (stacks[image.name] ?? []).enumerated() {
                let layer = image.layers[index]
                guard let key = made.layer?.key.digest, !layer.isDamaged else { continue }
                // What came from elsewhere and is what we make of it ourselves is as good as made here.
                if layer.isSame, image.isSame {
                    try cache.record(
                        key,
                        diffID: layer.stored,
                        encoder: encoding.encoderName,
                        blob: blobs[index]
                    )
                }
                let verdict = LayerVerdict(
                    result: layer.isSame ? .verified : .differs,
                    clockWasMoved: layer.clockWasMoved
                )
                try cache.judge(key, layer.stored, verdict)
            }
        }
    }
}
