import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `What the store's errors say` {
    private static let digest = Digest(of: "a")
    private static let diffID = DiffID(of: "a")
    private static let reasons: [StoreError.Reason] = [
        .unknownImage("shp", similar: "shop"), .unknownImage("x", similar: nil),
        .ambiguousImage("shop", candidates: ["shop:1", "shop:2"]), .badImageName("a b"), .missingBlob(digest),
        .onePlatform("web@linux/arm64", of: "web"),
        .missingPackage(digest), .missingIndex("/home/images/index.json"),
        .wrongContent("/home/tmp/x.deb", expected: digest, found: Digest(of: "b")),
        .wrongSize("/home/tmp/x.deb", expected: 10, found: 9),
        .alteredLayer(diffID, path: "/home/layers/ca978112ca1b.erofs"), .missingLayer(diffID),
        .layerNameTaken(diffID, by: DiffID(of: "b")), .unreadable("/home/images/index.json", why: "no JSON"),
        .needsRoot("sealing a layer"), .mountRefused("/run/x", why: "upperdir: No such file or directory"),
    ]

    @Test func `each error names what is wrong and what to do`() throws {
        let renderer = DiagnosticRenderer()
        let text = Self.reasons.map { renderer.render(StoreError($0).diagnostics) }
        try Golden.expect(
            text.joined(separator: "\n\n") + "\n",
            matches: Golden.directory().appending("errors.txt")
        )
    }
}
