import KilnAdvisories
import KilnInventory
import KilnOCI

/// SPDX 2.3 in JSON (ISO/IEC 5962).
struct SPDXDocument: Encodable {
    struct CreationInfo: Encodable {
        let created: String
        let creators: [String]
    }

    struct ExternalReference: Encodable {
        let referenceCategory = "PACKAGE-MANAGER"
        let referenceType = "purl"
        let referenceLocator: String
    }

    struct Checksum: Encodable {
        let algorithm = "SHA256"
        let checksumValue: String
    }

    struct Package: Encodable {
        let identifier: String
        let name: String
        var versionInfo: String?
        var primaryPackagePurpose: String?
        let downloadLocation = "NOASSERTION"
        let filesAnalyzed = false
        var checksums: [Checksum]?
        let licenseConcluded = "NOASSERTION"
        var licenseDeclared = "NOASSERTION"
        let copyrightText = "NOASSERTION"
        var sourceInfo: String?
        var externalRefs: [ExternalReference]?

        private enum CodingKeys: String, CodingKey {
            case identifier = "SPDXID"
            case name
            case versionInfo
            case primaryPackagePurpose
            case downloadLocation
            case filesAnalyzed
            case checksums
            case licenseConcluded
            case licenseDeclared
            case copyrightText
            case sourceInfo
            case externalRefs
        }
    }

    struct Relationship: Encodable {
        let spdxElementId: String
        let relationshipType: String
        let relatedSpdxElement: String
    }

    /// A licence that SPDX has no name for.
    struct OtherLicence: Encodable {
        let licenseId: String
        let name: String
        let extractedText: String
    }

    let spdxVersion = "SPDX-2.3"
    let dataLicense = "CC0-1.0"
    let identifier = "SPDXRef-DOCUMENT"
    let name: String
    /// Made of all the rest, by whoever has that.
    var documentNamespace: String
    let creationInfo: CreationInfo
    let packages: [Package]
    let relationships: [Relationship]
    let hasExtractedLicensingInfos: [OtherLicence]

    private enum CodingKeys: String, CodingKey {
        case spdxVersion
        case dataLicense
        case identifier = "SPDXID"
        case name
        case documentNamespace
        case creationInfo
        case packages
        case relationships
        case hasExtractedLicensingInfos
    }

    init(_ inventory: Inventory, version: String) {
        let root = Package(of: inventory)
        var others = SPDXLicences()
        let packages = inventory.entries.map { Package($0, in: inventory, &others) }
        name = inventory.subject
        documentNamespace = ""
        creationInfo = CreationInfo(
            created: (inventory.created ?? Moment(seconds: 0)).description,
            creators: ["Tool: kiln-\(version)"]
        )
        self.packages = [root] + packages
        relationships =
            [
                Relationship(
                    spdxElementId: identifier,
                    relationshipType: "DESCRIBES",
                    relatedSpdxElement: root.identifier
                )
            ]
            + packages.map {
                Relationship(
                    spdxElementId: root.identifier,
                    relationshipType: "CONTAINS",
                    relatedSpdxElement: $0.identifier
                )
            }
        hasExtractedLicensingInfos = others.infos
    }
}

extension SPDXDocument.Package {
    fileprivate init(of inventory: Inventory) {
        self.init(
            identifier: "SPDXRef-Image",
            name: inventory.subject,
            versionInfo: inventory.digest?.description,
            primaryPackagePurpose: inventory.digest == nil ? "FILE" : "CONTAINER",
            checksums: inventory.digest.map { [.init(checksumValue: $0.hex)] }
        )
    }

    fileprivate init(_ entry: InventoryEntry, in inventory: Inventory, _ licences: inout SPDXLicences) {
        let url = entry.packageURL.description
        let places = entry.evidence.map { "/" + $0.path }.joined(separator: ", ")
        let origin = inventory.origin(of: entry).map { "; since \($0)" } ?? ""
        self.init(
            identifier: "SPDXRef-Package-\(entry.kind.rawValue)-\(Self.plain(entry.package.name))-"
                + Digest(of: Array(url.utf8)).short,
            name: entry.package.name,
            versionInfo: entry.package.version,
            licenseDeclared: licences.declared(entry.licences),
            sourceInfo: "found in \(places)\(origin)",
            externalRefs: [.init(referenceLocator: url)]
        )
    }

    /// Letters, digits, `.` and `-`: all that an identifier may have.
    private static func plain(_ text: String) -> String {
        String(text.map { ($0.isASCII && ($0.isLetter || $0.isNumber)) || $0 == "." ? $0 : "-" })
    }
}

/// The licences of a document, with those that SPDX has no name for.
struct SPDXLicences {
    private var others: [String: SPDXDocument.OtherLicence] = [:]

    /// By their identifiers.
    var infos: [SPDXDocument.OtherLicence] { others.values.sorted { $0.licenseId < $1.licenseId } }

    /// What metadata says of a package: all of its licences apply to some part.
    mutating func declared(_ names: [String]) -> String {
        let parts = names.map { name -> String in
            let licence = LicenceName(name)
            guard let expression = licence.expression else { return reference(name) }
            return licence.isIdentifier || names.count == 1 ? expression : "(\(expression))"
        }
        return parts.isEmpty ? "NOASSERTION" : parts.joined(separator: " AND ")
    }

    private mutating func reference(_ name: String) -> String {
        let plain = String(
            name.prefix(40).map { ($0.isASCII && ($0.isLetter || $0.isNumber)) || $0 == "." ? $0 : "-" }
        )
        let id = "LicenseRef-\(plain)-\(Digest(of: Array(name.utf8)).short)"
        others[id] = .init(licenseId: id, name: name, extractedText: name)
        return id
    }
}
