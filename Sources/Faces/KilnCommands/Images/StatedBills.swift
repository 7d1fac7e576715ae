import KilnAdvisories
import KilnAttest
import KilnDiagnostics
import KilnInventory
import KilnOCI
import KilnSBOM
import KilnStore
import KilnSystem

/// States beside images what they hold, for their signers to sign: the same image, name and Kiln give the same bytes.
struct StatedBills {
    let context: CommandContext
    let formats: [BillFormat]

    /// Of an index the images in it that are whole; tells of those that are not.
    func state(_ named: Descriptor, as name: String) async throws {
        let store = ImageStore(home: context.home)
        for image in try store.images(in: named) where !formats.isEmpty {
            guard store.isWhole(image.digest) else {
                warn("no bill of materials is stated of \(image.digest.short): its layers are not here")
                continue
            }
            var inventory = try await Inventory.read(
                .image(image.digest.description),
                home: context.home,
                files: false
            )
            inventory.subject = name
            let bill = BillOfMaterials(inventory, version: KilnVersion.current)
            for format in Set(formats).sorted(by: { $0.rawValue < $1.rawValue }) {
                try await state(bill, format, of: image, as: name, store)
            }
        }
    }

    private func state(
        _ bill: BillOfMaterials,
        _ format: BillFormat,
        of image: Descriptor,
        as name: String,
        _ store: ImageStore
    ) async throws {
        let document = try bill.document(format)
        let statement = try Statement.encode(document, format.predicateType, name: name, digest: image.digest)
        guard statement.count <= Envelope.payloadLimit else {
            return warn(
                "the bill of materials (\(format.rawValue)) of \(image.digest.short) is too long to be signed"
            )
        }
        try await ImageAttestations(store: store).keep(statement, format.predicateType, of: image)
    }

    private func warn(_ message: String) {
        context.console.show([
            Diagnostic(.warning, code: "attest.no-bill", message, hint: "kiln sbom writes one into a file")
        ])
    }
}

extension BillFormat {
    var predicateType: PredicateType {
        switch self {
        case .cyclonedx: .cycloneDX
        case .spdx: .spdx
        }
    }
}

/// A bill of materials that was signed, in one line.
struct BillText {
    let line: String

    /// nil for a statement of another kind.
    init?(_ bytes: [UInt8]) {
        guard let statement = try? Statement(parsing: bytes) else { return nil }
        let document = statement.predicate
        // Both list other things too: the distribution, the image itself.
        let (version, packages): (String?, [JSONValue]) =
            switch statement.predicateType {
            case .cycloneDX:
                (
                    document["specVersion"]?.text.map { "CycloneDX \($0)" },
                    (document["components"]?.items ?? []).filter { $0["purl"] != nil }
                )
            case .spdx:
                (
                    document["spdxVersion"]?.text,
                    (document["packages"]?.items ?? []).filter { $0["externalRefs"] != nil }
                )
            default: (nil, [])
            }
        guard let version else { return nil }
        line = "bill of materials: \(packages.count) packages (\(version))"
    }
}
