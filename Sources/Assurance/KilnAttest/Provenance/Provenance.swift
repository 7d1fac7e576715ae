package import KilnOCI

/// How an image came about (SLSA provenance, version 1): what was asked for, what went in, who made it, what came out.
package struct Provenance: Sendable, Hashable, Codable {
    package static let buildType = "https://kiln.dev/bake/v1"
    package static let builder = "https://kiln.dev/kiln"

    package var buildDefinition: BuildDefinition
    package var runDetails: RunDetails

    package struct BuildDefinition: Sendable, Hashable, Codable {
        package var buildType = Provenance.buildType
        package var externalParameters: ExternalParameters
        package var internalParameters: InternalParameters
        /// By their URIs.
        package var resolvedDependencies: [Resource]
    }

    /// What the user wrote.
    package struct ExternalParameters: Sendable, Hashable, Codable {
        /// The definition's file, without the folder: that is another on each machine.
        package var definition: Resource
        package var image: String
        package var platform: String
    }

    package struct InternalParameters: Sendable, Hashable, Codable {
        package var lock: Resource
        package var encoder: String
        /// The parts of baking that decide on bytes, by their versions.
        package var behaviours: [String]
    }

    package struct RunDetails: Sendable, Hashable, Codable {
        package var builder: Builder
        /// The layers, lowest first.
        package var byproducts: [Resource]
    }

    package struct Builder: Sendable, Hashable, Codable {
        package var id = Provenance.builder
        package var version: [String: String]
    }

    /// A file, a package, a commit (in-toto attestation, ResourceDescriptor).
    package struct Resource: Sendable, Hashable, Codable {
        package var name: String?
        package var uri: String?
        package var digest: [String: String]?
        package var mediaType: String?
        package var annotations: [String: String]?

        package init(
            name: String? = nil,
            uri: String? = nil,
            digest: [String: String]? = nil,
            mediaType: String? = nil,
            annotations: [String: String]? = nil
        ) {
            self.name = name
            self.uri = uri
            self.digest = digest
            self.mediaType = mediaType
            self.annotations = annotations
        }
    }
}

extension Provenance {
    /// Whether a layer came out the same when it was made again: by the annotation of each layer.
    package enum Verification: String, Sendable, Hashable, Codable {
        case verified
        /// Nobody made it again.
        case unverified
        case differs
        /// Another's, of a registry's image.
        case foreign
    }

    static let verificationKey = "verification"
    static let diffIDKey = "diffID"
    static let kindKey = "kind"
    static let dirtyKey = "dirty"

    package struct Layer: Sendable, Hashable {
        package let digest: Digest
        package let diffID: DiffID
        package let title: String
        package let kind: String
        package let verification: Verification
    }

    /// As far as they are written as Kiln writes them.
    package var layers: [Layer] {
        runDetails.byproducts.compactMap { part in
            guard let annotations = part.annotations,
                let digest = part.digest?["sha256"].flatMap({ try? Digest(parsingHex: $0) }),
                let diffID = annotations[Self.diffIDKey].flatMap({ try? DiffID(parsing: $0) })
            else { return nil }
            return Layer(
                digest: digest,
                diffID: diffID,
                title: part.name ?? "",
                kind: annotations[Self.kindKey] ?? "",
                verification: annotations[Self.verificationKey].flatMap(Verification.init) ?? .unverified
            )
        }
    }

    package struct Commit: Sendable, Hashable {
        package let id: String
        /// Where the repository is fetched from, as far as that is known.
        package let repository: String?
        package let isDirty: Bool
    }

    /// nil for a definition that no git repository holds.
    package var commit: Commit? {
        buildDefinition.resolvedDependencies.lazy.compactMap { part in
            part.digest?["gitCommit"].map { id in
                Commit(
                    id: id,
                    repository: part.uri.flatMap { $0.hasPrefix("git+") ? String($0.dropFirst(4)) : nil },
                    isDirty: part.annotations?[Self.dirtyKey] == "true"
                )
            }
        }.first
    }

    /// Package URLs of what the lock pinned.
    package var packages: [Resource] {
        buildDefinition.resolvedDependencies.filter { $0.uri?.hasPrefix("pkg:deb/") ?? false }
    }

    package static func decode(_ statement: [UInt8]) throws -> Provenance {
        struct Document: Decodable { let predicate: Provenance }
        return try CanonicalJSON.decode(Document.self, from: statement).predicate
    }
}
