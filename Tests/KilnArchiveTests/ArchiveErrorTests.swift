import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `What archives' errors say` {
    private static let reasons: [ArchiveError.Reason] = [
        .truncated, .checksum, .malformed(field: "size"), .unsupported("a sparse file"),
        .unsayable("so big a device number"), .notUTF8,
        .unsafePath,
        .notBelowDirectory, .danglingHardlink(target: "a/b"), .deviceRefused, .whiteoutRefused,
        .limit(.expansion), .limit(.metadata), .compression("Unknown frame descriptor"),
        .wrongContent(expected: DiffID(of: "a"), found: DiffID(of: "b")), .changedWhileRead,
        .overlayFeature("trusted.overlay.redirect"), .reservedName, .mountInside,
        .system(SystemError("write /disk/blob", .noSpace)),
    ]

    @Test func `each error names the entry, what is wrong and what to do`() throws {
        let renderer = DiagnosticRenderer()
        let text =
            Self.reasons.map {
                renderer.render(ArchiveError($0, path: "usr/bin/tool", offset: 5120).diagnostics)
            }
            + [nil, 5120].map { offset in
                renderer.render(ArchiveError(.truncated, offset: offset).reading("/home/blob").diagnostics)
            }
        try Golden.expect(
            text.joined(separator: "\n\n") + "\n",
            matches: Golden.directory().appending("errors.txt")
        )
    }
}
