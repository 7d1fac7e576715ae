import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// Whiteouts concern the layers below only, wherever in the archive they stand (OCI image spec, layer.md).
@Suite struct `What a layer hides of the layers below` {
    enum Piece: Sendable {
        case folder(String)
        case file(String)
        case removed(String)
        case opaque(String)

        func append(to writer: inout LayerWriter) throws {
            switch self {
            case .folder(let path): try writer.append(TarEntry(path: path, kind: .directory, mode: 0o755))
            case .file(let path): try writer.append(TarEntry(path: path, kind: .file(size: 0), mode: 0o644))
            case .removed(let path): try writer.appendWhiteout(of: path)
            case .opaque(let path): try writer.appendOpaqueMarker(in: path)
            }
        }
    }

    private static let below: [Piece] = [
        .folder("a"), .folder("a/b"), .file("a/b/old"), .file("a/old"), .file("f"),
    ]

    private static let cases: [(layer: [Piece], shown: [String])] = [
        ([.removed("a"), .folder("a"), .file("a/new")], ["a", "a/new", "f"]),
        ([.folder("a"), .file("a/new"), .removed("a")], ["a", "a/new", "f"]),
        ([.folder("a"), .removed("a"), .file("a/new")], ["a", "a/new", "f"]),
        ([.folder("a"), .removed("a/b"), .folder("a/b")], ["a", "a/b", "a/old", "f"]),
        ([.folder("a"), .file("a/new"), .opaque("a")], ["a", "a/new", "f"]),
        ([.opaque("a"), .folder("a"), .file("a/old")], ["a", "a/old", "f"]),
        ([.removed("a"), .file("a")], ["a", "f"]),
        ([.file("a"), .removed("a")], ["a", "f"]),
        ([.file("f"), .removed("f"), .removed("f")], ["a", "a/b", "a/b/old", "a/old", "f"]),
        ([.removed("a"), .removed("f")], []),
        ([.opaque(""), .file("new")], ["new"]),
        ([.file("new"), .opaque("")], ["new"]),
        ([.opaque("")], []),
    ]

    @Test(arguments: cases.indices)
    func `is the same in its index and mounted`(number: Int) async throws {
        try await Sandbox.with { sandbox in
            let (pieces, shown) = Self.cases[number]
            let lower = try await Self.layer(Self.below, sandbox)
            let upper = try await Self.layer(pieces, sandbox)
            let top = try await Self.layer([.file("top")], sandbox)
            let index = RootIndex.stacked([lower, upper, top].map(\.written.index))
            #expect(index.entries.map(\.path) == shown + ["top"])
            let layers = [lower, upper, top].map(\.sealed)
            for layers in [layers, Array(layers.dropLast())] {
                let mount = OverlayMount(layers: layers, at: sandbox.path.appending("mount"))
                let found = try await mount.with { root in
                    try await SampleImage.shell(
                        "cd \(root); find . -mindepth 1 -printf '%P\\n' | LC_ALL=C sort"
                    )
                }
                let expected = shown + (layers.count == 3 ? ["top"] : [])
                #expect(found.split(separator: "\n").map(String.init) == expected)
            }
        }
    }

    private static func layer(
        _ pieces: [Piece],
        _ sandbox: Sandbox
    ) async throws -> (written: WrittenLayer, sealed: SealedLayer) {
        let written = try await ImageStore(home: sandbox.home).ingestLayer(encoding: .standard) { writer in
            for piece in pieces { try piece.append(to: &writer) }
        }
        let sealed = SealedLayers(home: sandbox.home)
        return (written, try await sealed.seal(written.diffID, blob: written.descriptor))
    }
}
