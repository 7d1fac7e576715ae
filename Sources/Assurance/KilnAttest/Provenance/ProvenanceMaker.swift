package import KilnBake
package import KilnDefinition
import KilnDiagnostics
package import KilnLock
import KilnOCI
import KilnRegistry
import KilnStore
package import KilnSystem
import OrderedCollections

/// Tells of a bake how its images came about: the same bake of the same commit gives the same bytes.
package struct ProvenanceMaker: Sendable {
    private let definition: Definition
    private let lock: Lock
    private let home: KilnHome
    private let commit: SourceCommit?
    private let version: String

    package init(
        definition: Definition,
        lock: Lock,
        home: KilnHome,
        commit: SourceCommit?,
        version: String
    ) {
        self.definition = definition.perPlatform
        self.lock = lock
        self.home = home
        self.commit = commit
        self.version = version
    }

    package func provenance(of image: BakedImage) throws -> Provenance {
        let chain = try ImageChain(of: image.name, in: definition)
        let locked = chain.names.compactMap { lock.images[$0] }
        return Provenance(
            buildDefinition: Provenance.BuildDefinition(
                externalParameters: Provenance.ExternalParameters(
                    definition: Self.file(definition.source.name, definition.source.text),
                    image: image.name.common.description,
                    platform: (image.name.platform ?? .host).description
                ),
                internalParameters: Provenance.InternalParameters(
                    lock: Self.file(LockFile.name, LockFile.render(lock)),
                    encoder: lock.encoder.description,
                    behaviours: lock.behaviours.map(\.description)
                ),
                resolvedDependencies: source + Self.sorted(locked.flatMap(dependencies))
            ),
            runDetails: Provenance.RunDetails(
                builder: Provenance.Builder(version: ["kiln": version]),
                byproducts: try layers(of: image)
            )
        )
    }

    /// The last part of its name is the same on every machine.
    private static func file(_ name: String, _ text: String) -> Provenance.Resource {
        Provenance.Resource(
            name: name.split(separator: "/").last.map(String.init) ?? name,
            digest: ["sha256": Digest(of: text).hex]
        )
    }

    private var source: [Provenance.Resource] {
        guard let commit else { return [] }
        return [
            Provenance.Resource(
                uri: commit.repository.map { "git+" + $0 },
                digest: ["gitCommit": commit.id],
                annotations: [Provenance.dirtyKey: commit.isDirty ? "true" : "false"]
            )
        ]
    }

    private static func sorted(_ parts: [Provenance.Resource]) -> [Provenance.Resource] {
        var seen: Set<Provenance.Resource> = []
        return parts.filter { seen.insert($0).inserted }
            .sorted { ($0.uri ?? "", $0.name ?? "") < ($1.uri ?? "", $1.name ?? "") }
    }

    private func dependencies(_ image: LockedImage) -> [Provenance.Resource] {
        image.packages.map { package in
            Provenance.Resource(
                name: package.name,
                uri: PackageURL.debian(package.name, package.version, package.architecture),
                digest: ["sha256": package.sha256.hex],
                annotations: ["path": package.path]
            )
        }
            + image.downloads.map { Provenance.Resource(uri: $0.url, digest: ["sha256": $0.sha256.hex]) }
            + (image.tar.map { [Provenance.Resource(name: $0.path, digest: ["sha256": $0.sha256.hex])] } ?? [])
            + (image.base.map { base in
                [
                    Provenance.Resource(
                        name: base.image.named,
                        uri: "oci://\(base.pinned)",
                        digest: ["sha256": base.digest.hex],
                        mediaType: MediaType.manifest.rawValue
                    )
                ]
            } ?? [])
    }

    private func layers(of image: BakedImage) throws -> [Provenance.Resource] {
        let verdicts = try LayerCache(home: home).verdicts(of: Set(image.layers.map(\.diffID)))
        return image.layers.map { layer in
            Provenance.Resource(
                name: layer.title,
                digest: ["sha256": layer.blob.digest.hex],
                mediaType: layer.blob.mediaType.rawValue,
                annotations: [
                    Provenance.diffIDKey: layer.diffID.description,
                    Provenance.kindKey: layer.kind.rawValue,
                    Provenance.verificationKey:
                        Provenance.Verification(layer.kind, verdicts[layer.diffID]).rawValue,
                ]
            )
        }
    }
}

extension Provenance.Verification {
    init(_ kind: LayerKind, _ verdict: LayerVerdict?) {
        switch (kind, verdict?.result) {
        case (.base, _): self = .foreign
        case (_, .verified): self = .verified
        case (_, .differs): self = .differs
        case (_, nil): self = .unverified
        }
    }
}

/// Names of packages for all tools (purl-spec).
enum PackageURL {
    static func debian(_ name: String, _ version: String, _ architecture: String) -> String {
        "pkg:deb/debian/\(escaped(name))@\(escaped(version))?arch=\(escaped(architecture))"
    }

    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = text.utf8.flatMap { byte -> [UInt8] in
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-._~".utf8.contains(byte)
            return isPlain ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
