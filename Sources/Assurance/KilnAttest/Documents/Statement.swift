package import KilnAdvisories
package import KilnOCI

/// What is claimed of images, by the type of the claim (in-toto attestation framework, Statement v1).
package struct Statement: Sendable, Hashable {
    static let type = "https://in-toto.io/Statement/v1"
    /// What cosign still writes.
    private static let formerType = "https://in-toto.io/Statement/v0.1"
    private static let subjectLimit = 1000

    package struct Subject: Sendable, Hashable {
        package let name: String
        /// nil for one that is known by another kind of digest alone.
        package let digest: Digest?
    }

    package let subjects: [Subject]
    package let predicateType: PredicateType
    package let predicate: JSONValue

    package init(parsing bytes: [UInt8]) throws(DocumentError) {
        let document = try SignedDocument.read(bytes, limit: Envelope.limit)
        guard [Self.type, Self.formerType].contains(try document.text("_type")) else {
            throw .field("_type")
        }
        predicateType = PredicateType(rawValue: try document.text("predicateType"))
        let listed = try document.list("subject")
        guard listed.count <= Self.subjectLimit else { throw .tooMany("subjects") }
        var subjects: [Subject] = []
        for entry in listed {
            let digests = try entry.object("digest")
            let sha256 = digests["sha256"]?.text
            let digest = sha256.flatMap { try? Digest(parsingHex: $0) }
            guard (sha256 == nil) == (digest == nil) else { throw .field("digest") }
            subjects.append(Subject(name: entry["name"]?.text ?? "", digest: digest))
        }
        guard !subjects.isEmpty else { throw .field("subject") }
        self.subjects = subjects
        predicate = document["predicate"] ?? .null
    }

    package func isAbout(_ digest: Digest) -> Bool { subjects.contains { $0.digest == digest } }

    /// The bytes of a statement about one image.
    package static func encode(
        _ predicate: some Encodable,
        _ type: PredicateType,
        name: String,
        digest: Digest
    ) throws -> [UInt8] {
        try CanonicalJSON.encode(
            Document(
                predicate: predicate,
                predicateType: type.rawValue,
                subject: [.init(digest: ["sha256": digest.hex], name: name)]
            )
        )
    }

    private struct Document<Predicate: Encodable>: Encodable {
        struct Subject: Encodable {
            let digest: [String: String]
            let name: String
        }

        let type = Statement.type
        let predicate: Predicate
        let predicateType: String
        let subject: [Subject]

        private enum CodingKeys: String, CodingKey {
            case type = "_type"
            case predicate
            case predicateType
            case subject
        }
    }
}

/// What kind of claim a statement makes.
package struct PredicateType: Sendable, Hashable, RawRepresentable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let provenance = PredicateType(rawValue: "https://slsa.dev/provenance/v1")
    package static let cycloneDX = PredicateType(rawValue: "https://cyclonedx.org/bom")
    package static let spdx = PredicateType(rawValue: "https://spdx.dev/Document")

    /// By the words of the command line, which cosign has too; a URL is itself.
    package init(word: String) {
        switch word {
        case "provenance", "slsaprovenance1": self = .provenance
        case "sbom", "cyclonedx": self = .cycloneDX
        case "spdx", "spdxjson": self = .spdx
        default: rawValue = word
        }
    }

    /// The word that people write, where there is one.
    package var word: String {
        switch self {
        case .provenance: "provenance"
        case .cycloneDX: "sbom"
        case .spdx: "spdx"
        default: rawValue
        }
    }
}
