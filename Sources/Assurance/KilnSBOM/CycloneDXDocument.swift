import KilnAdvisories
import KilnInventory
import KilnOCI

/// CycloneDX 1.6 in JSON (ECMA-424).
struct CycloneDXDocument: Encodable {
    struct Property: Encodable {
        let name: String
        let value: String
    }

    struct Licence: Encodable {
        struct Named: Encodable {
            var id: String?
            var name: String?
        }

        var license: Named?
        var expression: String?
    }

    struct Hash: Encodable {
        let alg = "SHA-256"
        let content: String
    }

    struct Component: Encodable {
        struct Evidence: Encodable {
            struct Occurrence: Encodable {
                let location: String
            }

            let occurrences: [Occurrence]
        }

        let type: String
        let reference: String
        var group: String?
        let name: String
        var version: String?
        var description: String?
        var hashes: [Hash]?
        var licenses: [Licence]?
        var purl: String?
        var evidence: Evidence?
        var properties: [Property]?

        private enum CodingKeys: String, CodingKey {
            case type
            case reference = "bom-ref"
            case group
            case name
            case version
            case description
            case hashes
            case licenses
            case purl
            case evidence
            case properties
        }
    }

    struct Metadata: Encodable {
        struct Tools: Encodable {
            let components: [Component]
        }

        let timestamp: String?
        let tools: Tools
        let component: Component
    }

    struct Dependency: Encodable {
        let ref: String
        let dependsOn: [String]
    }

    let schema = "http://cyclonedx.org/schema/bom-1.6.schema.json"
    let bomFormat = "CycloneDX"
    let specVersion = "1.6"
    /// nil until the rest is known, of which it is made.
    var serialNumber: String?
    let version = 1
    let metadata: Metadata
    let components: [Component]
    let dependencies: [Dependency]

    private enum CodingKeys: String, CodingKey {
        case schema = "$schema"
        case bomFormat
        case specVersion
        case serialNumber
        case version
        case metadata
        case components
        case dependencies
    }

    init(_ inventory: Inventory, version: String, files: Bool) {
        let root = Component(of: inventory)
        metadata = Metadata(
            timestamp: inventory.created?.description,
            tools: .init(
                components: [
                    Component(type: "application", reference: "kiln", name: "kiln", version: version)
                ]
            ),
            component: root
        )
        let entries = inventory.entries.map { Component($0, in: inventory) }
        let system = inventory.distribution.map { [Component($0)] } ?? []
        let unowned = files ? inventory.unowned.map { Component($0, in: inventory) } : []
        components = system + entries + unowned
        dependencies = [
            Dependency(ref: root.reference, dependsOn: (system + entries).map(\.reference).sorted())
        ]
    }
}

extension CycloneDXDocument.Component {
    /// What the bill is of: a container image, or a folder. The image's layers are properties of it, the lowest first.
    fileprivate init(of inventory: Inventory) {
        let layers = inventory.layers.flatMap { layer in
            [CycloneDXDocument.Property(name: "kiln:layer:\(layer.index):diffID", value: "\(layer.diffID)")]
                + (layer.createdBy.map { [.init(name: "kiln:layer:\(layer.index):createdBy", value: $0)] }
                    ?? [])
        }
        let platform = inventory.platform.map {
            [CycloneDXDocument.Property(name: "kiln:platform", value: $0.description)]
        }
        self.init(
            type: inventory.digest == nil ? "file" : "container",
            reference: inventory.identity,
            name: inventory.subject,
            version: inventory.digest?.description,
            hashes: inventory.digest.map { [.init(content: $0.hex)] },
            properties: Self.unlessEmpty((platform ?? []) + layers)
        )
    }

    fileprivate init(_ distribution: Distribution) {
        self.init(
            type: "operating-system",
            reference: "os:\(distribution.id)@\(distribution.version)",
            name: distribution.id,
            version: distribution.version.isEmpty ? nil : distribution.version,
            description: distribution.name
        )
    }

    fileprivate init(_ entry: InventoryEntry, in inventory: Inventory) {
        let url = entry.packageURL
        let hasGroup = entry.kind == .java || entry.kind == .npm
        var properties: [CycloneDXDocument.Property] = []
        func add(_ name: String, _ value: String?) {
            if let value { properties.append(.init(name: "kiln:" + name, value: value)) }
        }
        add("package:kind", entry.kind.rawValue)
        add("package:architecture", entry.architecture)
        add("package:source", entry.package.source)
        add("package:sourceVersion", entry.package.sourceVersion)
        add("package:owner", entry.owner)
        add("layer:diffID", inventory.layer(of: entry)?.diffID.description)
        add("layer:index", inventory.layer(of: entry).map { String($0.index) })
        self.init(
            type: "library",
            reference: url.description,
            group: hasGroup && !url.namespace.isEmpty ? url.namespace : nil,
            name: hasGroup ? url.name : entry.package.name,
            version: entry.package.version,
            licenses: Self.unlessEmpty(Self.licences(entry.licences)),
            purl: url.description,
            evidence: .init(occurrences: entry.evidence.map { .init(location: "/" + $0.path) }),
            properties: properties
        )
    }

    fileprivate init(_ file: UnownedFile, in inventory: Inventory) {
        var properties = [CycloneDXDocument.Property(name: "kiln:size", value: String(file.size))]
        if let layer = file.layer { properties.append(.init(name: "kiln:layer:index", value: String(layer))) }
        self.init(
            type: "file",
            reference: "file:/" + file.path,
            name: "/" + file.path,
            properties: properties
        )
    }

    /// One expression stands alone; where there are several, each is a licence of its own (bom-1.6 schema, `licenseChoice`).
    private static func licences(_ names: [String]) -> [CycloneDXDocument.Licence] {
        let licences = names.map { LicenceName($0) }
        if licences.count == 1, let only = licences.first, let expression = only.expression,
            !only.isIdentifier
        {
            return [.init(expression: expression)]
        }
        return licences.map { licence in
            let id = licence.isIdentifier ? licence.expression : nil
            return .init(license: .init(id: id, name: id == nil ? licence.name : nil))
        }
    }

    private static func unlessEmpty<Item>(_ items: [Item]) -> [Item]? { items.isEmpty ? nil : items }
}
