package import KilnOCI

/// What a URL served when it was locked.
package struct LockedDownload: Sendable, Hashable {
    /// As written in the definition, its variables put in.
    package var url: String
    package var size: Int64
    package var sha256: Digest

    package init(url: String, size: Int64, sha256: Digest) {
        self.url = url
        self.size = size
        self.sha256 = sha256
    }
}

extension LockedDownload {
    private static let keys = ["url", "size", "sha256"]

    var rendered: String {
        "{url: \(LockScalar.render(url)), size: \(size), sha256: \(LockScalar.render(sha256.hex))}"
    }

    init(reading line: inout LockLine) throws(LockError) {
        let values = try line.flowMap(Self.keys)
        self.init(
            url: try line.check(values[0], Self.isURL, "URL of a download"),
            size: try line.integer(values[1], in: 0...LockReader.Limit.fileSize),
            sha256: try line.hexDigest(values[2])
        )
    }

    private static func isURL(_ text: String) -> Bool {
        let isPlain = text.utf8.allSatisfy { (33...126).contains($0) && $0 != 34 && $0 != 92 }
        return isPlain && (text.hasPrefix("https://") || text.hasPrefix("http://"))
    }

    /// The order in a lock: by the URLs' bytes.
    static func precedes(_ left: LockedDownload, _ right: LockedDownload) -> Bool {
        left.url.utf8.lexicographicallyPrecedes(right.url.utf8)
    }
}
