import ArgumentParser
import KilnDiagnostics
import KilnInventory
import KilnOCI
import KilnSBOM
import KilnSystem
import SystemPackage

extension BillFormat: ExpressibleByArgument {}

struct SBOMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sbom",
        abstract: "Write the bill of materials of an image: CycloneDX 1.6 or SPDX 2.3.",
        discussion: """
            Every package with its version, package URL, licences, and the layer that brought it in. The same image \
            gives the same bytes. What is read: dpkg, apk and rpm databases, Python, Node, Java, Ruby and Swift \
            packages, and what Go and Rust programs say of themselves.

            The image is one of the store (by name or digest), an OCI image layout (oci:DIR or oci:DIR:TAG), an \
            archive of docker save (archive:FILE), or a folder with a root (root:DIR).

            Examples:

              kiln sbom guestbook
              kiln sbom guestbook --format spdx -o guestbook.spdx.json
              kiln sbom oci:build/layout:1.4.2
            """
    )

    @Argument(help: "An image by name or digest, oci:DIR[:TAG], archive:FILE or root:DIR.")
    var image: String

    @Option(help: "cyclonedx or spdx.")
    var format = BillFormat.cyclonedx

    @Option(name: .shortAndLong, help: "The file to write; standard output without it.")
    var output: String?

    @Option(help: "Of an image of several platforms the one that is meant, such as linux/arm64.")
    var platform: String?

    @Flag(help: "Also list the files that no package owns (CycloneDX).")
    var files = false

    func validate() throws {
        if let platform, ImagePlatform(parsing: platform) == nil {
            throw ValidationError(
                "\(platform) is no platform: use one of \(ImagePlatform.names.joined(separator: ", "))"
            )
        }
        if files, format == .spdx {
            throw ValidationError("SPDX wants a SHA-1 of every file: use --files with --format cyclonedx")
        }
    }

    func run() async throws {
        let context = CommandContext.current
        let inventory = try await Inventory.read(
            InventoryTarget(parsing: image),
            home: context.home,
            platform: platform.flatMap { ImagePlatform(parsing: $0) } ?? .host,
            files: files
        )
        for note in inventory.notes { context.console.show([note.diagnostic]) }
        let bytes = try BillOfMaterials(inventory, version: KilnVersion.current).encode(format, files: files)
        guard let output else {
            return context.console.result(String(decoding: bytes, as: UTF8.self))
        }
        try Files.write(bytes + [0x0A], to: FilePath(output))
        context.console.message("\(inventory.entries.count) packages of \(inventory.subject) in \(output)")
    }
}

extension InventoryNote {
    /// For people: nothing that was there is passed over in silence.
    var diagnostic: Diagnostic {
        Diagnostic(.warning, code: "inventory.unread", "/\(path): \(text)", hint: nil)
    }
}
