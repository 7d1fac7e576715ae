import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `Baking anew` {
    /// What is asked, which images are named, and the layers that are made anew by `image/index`.
    @Test(
        arguments: [
            (Rebuild.nothing, [], []),
            (.named, [], ["base/0", "shop/0", "shop/1", "shop/2", "other/0"]),
            (.named, ["shop"], ["shop/0", "shop/1", "shop/2"]),
            (.named, ["base"], ["base/0", "shop/0", "shop/1", "shop/2", "other/0"]),
            (.from("b.sh"), [], ["shop/1", "shop/2"]),
            (.from("shop/b.sh"), ["shop"], ["shop/1", "shop/2"]),
            (.from("c.sh"), [], ["shop/2", "other/0"]),
            (.from("other/c.sh"), [], ["other/0"]),
            (.from("files"), [], ["base/0", "shop/0", "shop/1", "shop/2", "other/0"]),
            (.from("shop/files"), [], ["shop/0", "shop/1", "shop/2"]),
        ] as [(Rebuild, [ImageName], [String])]
    )
    func `concerns a layer and all above it`(
        _ rebuild: Rebuild,
        _ named: [ImageName],
        _ layers: [String]
    )
        throws
    {
        let plan = Self.plan
        let anew = try rebuild.layers(of: plan, named: named)
        let found = plan.images.flatMap { image in
            image.layers.enumerated().filter { anew.contains($1.key) }.map { "\(image.name)/\($0.offset)" }
        }
        #expect(found == layers)
    }

    @Test func `from a layer that is not there is refused with the list of those that are`() throws {
        let error = try #require(throws: BakeError.self) {
            try Rebuild.from("nope").layers(of: Self.plan, named: [])
        }
        #expect(error.diagnostic.exitStatus == .usage)
        #expect(
            error.diagnostic.hint
                == "one of: base/files, shop/files, shop/b.sh, shop/c.sh, other/c.sh"
        )
    }

    private static var plan: BakePlan {
        BakePlan(images: [
            image("base", on: nil, [.files([], [])]),
            image("shop", on: "base", [.files([], []), step("b.sh"), step("c.sh")]),
            image("other", on: "base", [step("c.sh")]),
        ])
    }

    private static func step(_ run: FilePath) -> LayerOperation { .step(StepDefinition(run: run)) }

    private static func image(
        _ name: ImageName,
        on parent: ImageName?,
        _ operations: [LayerOperation]
    )
        -> PlannedImage
    {
        let epochs = LayerEpochs(own: 0, newest: 0)
        let layers = operations.enumerated().map { index, operation in
            let key = CacheKey(Digest(of: Array("\(name)/\(index)".utf8)))
            return PlannedLayer(key: key, operation: operation, epochs: epochs)
        }
        return PlannedImage(name: name, parent: parent, layers: layers, created: 0)
    }
}
