import KilnAdvisories
package import KilnOCI

/// What a signature over an image says (containers-signature(5), as cosign's SIGNATURE_SPEC.md narrows it).
package struct SimpleSigning: Sendable, Hashable {
    static let type = "cosign container image signature"
    /// cosign's own payloads have a few hundred bytes.
    package static let limit = 64 << 10

    /// What its signer calls the image: a repository, with or without a tag.
    package let identity: String
    /// Of the manifest or index.
    package let digest: Digest
    /// What its signer says besides, sorted by name.
    package let claims: [Claim]

    package struct Claim: Sendable, Hashable, Codable {
        package let name: String
        /// A text as it is, all else as JSON.
        package let value: String
    }

    package init(identity: String, digest: Digest, claims: [String: String]) {
        self.identity = identity
        self.digest = digest
        self.claims = claims.sorted { $0.key < $1.key }.map { Claim(name: $0.key, value: $0.value) }
    }

    package init(parsing bytes: [UInt8]) throws(DocumentError) {
        let document = try SignedDocument.read(bytes, limit: Self.limit)
        let critical = try document.object("critical")
        guard try critical.text("type") == Self.type else { throw .field("critical.type") }
        let image = try critical.object("image")
        guard let digest = try? Digest(parsing: try image.text("docker-manifest-digest")) else {
            throw .field("docker-manifest-digest")
        }
        self.digest = digest
        identity = try critical.object("identity").text("docker-reference")
        claims = (document["optional"]?.members ?? []).map { Claim(name: $0.name, value: $0.value.shown) }
            .sorted { $0.name < $1.name }
    }

    /// When its signer says that it was: seconds since 1970.
    package var time: Int64? { claims.first { $0.name == Self.timeClaim }.flatMap { Int64($0.value) } }

    static let timeClaim = "timestamp"

    /// Byte for byte as cosign writes it, by the rules of its JSON.
    package func encoded() throws -> [UInt8] {
        let plain = try CanonicalJSON.encode(Document(self))
        return plain.flatMap { byte -> [UInt8] in
            // Inside of strings only: what HTML would read as its own.
            switch byte {
            case UInt8(ascii: "<"): Array(#"\u003c"#.utf8)
            case UInt8(ascii: ">"): Array(#"\u003e"#.utf8)
            case UInt8(ascii: "&"): Array(#"\u0026"#.utf8)
            default: [byte]
            }
        }
    }

    /// Whether the identity is the one that was asked for; a repository without a tag asks for any of its tags.
    package func isIdentity(_ wanted: String) -> Bool {
        identity == wanted || identity.hasPrefix(wanted + ":") || identity.hasPrefix(wanted + "@")
    }
}

extension SimpleSigning {
    private struct Document: Encodable {
        struct Critical: Encodable {
            let identity: [String: String]
            let image: [String: Digest]
            let type: String
        }

        let critical: Critical
        let optional: [String: String]?

        init(_ payload: SimpleSigning) {
            critical = Critical(
                identity: ["docker-reference": payload.identity],
                image: ["docker-manifest-digest": payload.digest],
                type: SimpleSigning.type
            )
            optional =
                payload.claims.isEmpty
                ? nil : Dictionary(payload.claims.map { ($0.name, $0.value) }) { first, _ in first }
        }

        private enum CodingKeys: String, CodingKey {
            case critical
            case optional
        }

        private struct Name: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }

            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        /// Nothing is said as null, and the time is a number.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(critical, forKey: .critical)
            guard let optional else { return try container.encodeNil(forKey: .optional) }
            var claims = container.nestedContainer(keyedBy: Name.self, forKey: .optional)
            for (name, value) in optional {
                if name == SimpleSigning.timeClaim, let time = Int64(value) {
                    try claims.encode(time, forKey: Name(stringValue: name))
                } else {
                    try claims.encode(value, forKey: Name(stringValue: name))
                }
            }
        }
    }
}
