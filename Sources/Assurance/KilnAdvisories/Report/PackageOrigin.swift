/// Where a package came into an image.
package struct PackageOrigin: Sendable, Hashable, Codable {
    /// From 0, the lowest.
    package var layer: Int
    package var diffID: String
    /// What made the layer, in the words of the image's history.
    package var createdBy: String?
    /// Where the definition says so: `kiln.yaml:12`.
    package var line: String?

    package init(layer: Int, diffID: String, createdBy: String?, line: String? = nil) {
        self.layer = layer
        self.diffID = diffID
        self.createdBy = createdBy
        self.line = line
    }

    /// `layer 2: packages of shop (kiln.yaml:12)`.
    package var shown: String {
        "layer \(layer + 1)" + (createdBy.map { ": \($0)" } ?? "") + (line.map { " (\($0))" } ?? "")
    }
}

/// A secret as reports tell of it: never with the secret.
package struct SecretNote: Sendable, Hashable, Codable {
    package var kind: String
    /// `a private key`.
    package var words: String
    package var path: String
    package var line: Int?
    package var subject: String?
    package var fingerprint: String
    /// From 0, the lowest; nil for what no layer holds.
    package var layer: Int?
    package var createdBy: String?

    package init(
        kind: String,
        words: String,
        path: String,
        line: Int?,
        subject: String?,
        fingerprint: String,
        layer: Int?,
        createdBy: String?
    ) {
        self.kind = kind
        self.words = words
        self.path = path
        self.line = line
        self.subject = subject
        self.fingerprint = fingerprint
        self.layer = layer
        self.createdBy = createdBy
    }

    /// `a private key in etc/site.key, line 1`.
    package var shown: String {
        "\(words)\(subject.map { " (\($0))" } ?? "") in \(path)\(line.map { ", line \($0)" } ?? "")"
    }
}
