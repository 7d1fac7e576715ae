package import KilnInventory
import KilnOCI

/// What an inventory is written as, for others to read.
package enum BillFormat: String, Sendable, CaseIterable {
    /// CycloneDX 1.6, JSON.
    case cyclonedx
    /// SPDX 2.3, JSON.
    case spdx
}

/// A bill of materials. The same inventory gives the same bytes: identifiers come from its content, the time from the image.
package struct BillOfMaterials: Sendable {
    private let inventory: Inventory
    /// Of the Kiln that says so.
    private let version: String

    package init(_ inventory: Inventory, version: String) {
        self.inventory = inventory
        self.version = version
    }

    /// `files`: also those that no package owns, where the format has a place for them.
    package func encode(_ format: BillFormat, files: Bool = false) throws -> [UInt8] {
        var bytes = try CanonicalJSON.encodePretty(document(format, files, Self.openIdentifier))
        let identifier = Self.identifier(of: bytes)
        // By its key, which no text of the document can have before it: quotes in texts are escaped.
        let open = Array(
            "\"\(Self.identifierKey(format))\" : \"\(Self.identifierStart(format))\(Self.openIdentifier)\""
                .utf8
        )
        if let range = bytes.firstRange(of: open) {
            bytes.replaceSubrange(range.upperBound - 37..<range.upperBound - 1, with: identifier.utf8)
        }
        return bytes
    }

    /// The same for what holds it as a part: a statement.
    package func document(_ format: BillFormat) throws -> any Encodable {
        let bytes = try CanonicalJSON.encodePretty(document(format, false, Self.openIdentifier))
        return document(format, false, Self.identifier(of: bytes))
    }

    private func document(_ format: BillFormat, _ files: Bool, _ identifier: String) -> any Encodable {
        switch format {
        case .cyclonedx:
            var document = CycloneDXDocument(inventory, version: version, files: files)
            document.serialNumber = Self.identifierStart(format) + identifier
            return document
        case .spdx:
            var document = SPDXDocument(inventory, version: version)
            document.documentNamespace = Self.identifierStart(format) + identifier
            return document
        }
    }

    /// Stands in the place of the identifier until the rest is known, of which that is made.
    private static let openIdentifier = "00000000-0000-8000-8000-000000000000"

    private static func identifierKey(_ format: BillFormat) -> String {
        switch format {
        case .cyclonedx: "serialNumber"
        case .spdx: "documentNamespace"
        }
    }

    private static func identifierStart(_ format: BillFormat) -> String {
        switch format {
        case .cyclonedx: "urn:uuid:"
        case .spdx: "https://kiln.dev/spdx/"
        }
    }

    /// A UUID that is made of a digest (RFC 9562, version 8).
    private static func identifier(of bytes: [UInt8]) -> String {
        var digits = Array(Digest(of: bytes).hex.prefix(32))
        digits[12] = "8"
        digits[16] = ["8", "9", "a", "b"][(digits[16].hexDigitValue ?? 0) & 3]
        let cuts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return cuts.map { String(digits[$0]) }.joined(separator: "-")
    }
}

extension Inventory {
    /// The image's digest where it has one: two images of one name are two.
    var identity: String { digest?.description ?? subject }

    /// Where an entry came in, for people: `layer 2 of 3 (packages curl)`.
    func origin(of entry: InventoryEntry) -> String? {
        layer(of: entry).map { layer in
            "layer \(layer.index + 1) of \(layers.count)" + (layer.createdBy.map { " (\($0))" } ?? "")
        }
    }
}
