import KilnOCI

/// An image that a file names.
struct ImageUse: Sendable {
    enum Role: Sendable {
        /// A Dockerfile's `FROM`.
        case base
        /// `COPY --from`, `RUN --mount=from`, a frontend.
        case input
        /// What runs.
        case container
        /// What a pipeline's job runs in.
        case job
    }

    /// With the values of variables that are known put in.
    let text: String
    let range: Range<Int>
    let role: Role
    /// Variables that nobody gave a value.
    var unknown: [String] = []
    /// Variables whose default was put in, and which whoever builds may give another value.
    var defaults: [String] = []
    /// The text stands in the file as it is, so that it can be replaced.
    var isLiteral = true

    var isUnknown: Bool { !unknown.isEmpty }
    var name: ImageName { ImageName(text) }
}

/// The parts of an image's name, taken apart without judging them.
struct ImageName: Sendable, Hashable {
    let repository: String
    let tag: String?
    let digest: String?

    init(_ text: String) {
        var rest = Substring(text)
        if rest.hasPrefix("docker://") { rest = rest.dropFirst(9) }
        if let at = rest.firstIndex(of: "@") {
            digest = String(rest[rest.index(after: at)...])
            rest = rest[..<at]
        } else {
            digest = nil
        }
        let last = rest.lastIndex(of: "/") ?? rest.startIndex
        if let colon = rest[last...].lastIndex(of: ":") {
            tag = String(rest[rest.index(after: colon)...])
            repository = String(rest[..<colon])
        } else {
            tag = nil
            repository = String(rest)
        }
    }

    /// A whole digest: nothing that can be moved.
    var isPinned: Bool {
        guard let digest, digest.hasPrefix("sha256:") else { return false }
        return (try? Digest(parsing: digest)) != nil
    }

    /// Tags that are there to be moved.
    private static let moving: Set<String> = [
        "latest", "stable", "edge", "nightly", "main", "master", "develop", "dev", "devel", "current",
        "rolling",
        "mainline", "unstable", "testing", "canary", "head", "snapshot", "lts", "alpine", "slim",
    ]

    var hasMovingTag: Bool {
        guard let tag else { return true }
        return Self.moving.contains(tag.lowercased())
    }

    /// The registry's host; images without one are Docker Hub's.
    var registry: String {
        let first = repository.split(separator: "/").first.map(String.init) ?? ""
        let isHost =
            repository.contains("/") && (first.contains(".") || first.contains(":") || first == "localhost")
        return isHost ? first : "docker.io"
    }

    /// With the registry and the folder that short names leave out, and the tag that none means: one name for one image.
    var qualified: String {
        var full = repository
        if registry == "docker.io" {
            full = full.hasPrefix("docker.io/") ? String(full.dropFirst(10)) : full
            full = "docker.io/" + (full.contains("/") ? full : "library/" + full)
        }
        return full + ":" + (tag ?? "latest")
    }

    /// The last part of the repository.
    var short: String { repository.split(separator: "/").last.map(String.init) ?? repository }
}
