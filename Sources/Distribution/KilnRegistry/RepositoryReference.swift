package import KilnOCI

/// A registry and a repository in it, such as `registry.example.org:5000/shop/web`.
package struct Repository: Sendable, Hashable, CustomStringConvertible {
    /// Host and, where it isn't the usual one, port.
    package let registry: String
    /// Lower-case words between slashes (OCI distribution spec, "Pulling manifests").
    package let path: String

    package var description: String { registry + "/" + path }

    package init(registry: String, path: String) {
        self.registry = registry
        self.path = path
    }
}

/// An image in a registry: a repository with a tag, a digest, or a tag whose digest is known.
package struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    package let repository: Repository
    package let tag: String?
    package let digest: Digest?

    package init(_ repository: Repository, tag: String?, digest: Digest?) {
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    package var description: String {
        repository.description + (tag.map { ":" + $0 } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// As people write it: with the tag, where there is one.
    package var named: String { repository.description + (tag.map { ":" + $0 } ?? "@\(selector)") }

    /// What the registry is asked for.
    var selector: String { digest?.description ?? tag ?? "" }
}

/// Why a text is no image reference.
package enum ImageReferenceSyntaxError: Error, Equatable {
    /// The first word is no host: it has neither a dot nor a port.
    case noRegistry(String)
    case badRegistry(String)
    case badPath(String)
    case badTag(String)
    case badDigest(String)
    case neitherTagNorDigest
    /// There is a tag or a digest where only a repository is wanted, which is this one.
    case notRepository(String)
}

extension Repository {
    /// Reads `host[:port]/path`.
    package init(parsing text: String) throws(ImageReferenceSyntaxError) {
        let parsed = try ImageReference.parts(of: text)
        guard parsed.tag == nil, parsed.digest == nil else {
            throw .notRepository(parsed.repository.description)
        }
        self = parsed.repository
    }
}

extension ImageReference {
    /// Reads `host[:port]/path[:tag][@sha256:…]` (the grammar of distribution's reference package).
    ///
    /// The host is never left out: which registry a short name means is a setting of some machine.
    package init(parsing text: String) throws(ImageReferenceSyntaxError) {
        self = try Self.parts(of: text)
        guard tag != nil || digest != nil else { throw .neitherTagNorDigest }
    }

    /// The same, with tag and digest left out as one likes.
    fileprivate static func parts(of text: String) throws(ImageReferenceSyntaxError) -> ImageReference {
        let (named, digestText) = split(text, at: "@", last: false)
        var digest: Digest?
        if let digestText {
            guard let parsed = try? Digest(parsing: digestText) else { throw .badDigest(digestText) }
            digest = parsed
        }
        guard let slash = named.utf8.firstIndex(of: UInt8(ascii: "/")) else { throw .noRegistry(named) }
        let registry = String(named[..<slash])
        let (path, tag) = split(String(named[named.utf8.index(after: slash)...]), at: ":", last: true)
        try check(registry: registry)
        guard isPath(path) else { throw .badPath(path) }
        if let tag, !isTag(tag) { throw .badTag(tag) }
        return ImageReference(Repository(registry: registry, path: path), tag: tag, digest: digest)
    }

    private static func split(_ text: String, at separator: Character, last: Bool) -> (String, String?) {
        guard let place = last ? text.lastIndex(of: separator) : text.firstIndex(of: separator) else {
            return (text, nil)
        }
        return (String(text[..<place]), String(text[text.index(after: place)...]))
    }

    private static func check(registry: String) throws(ImageReferenceSyntaxError) {
        guard registry.contains(".") || registry.contains(":") || registry == "localhost" else {
            throw .noRegistry(registry)
        }
        let (host, port) = split(registry, at: ":", last: true)
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let isHost = labels.allSatisfy { label in
            !label.isEmpty && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
        let isPort = port.map { UInt16($0).map { $0 > 0 } ?? false } ?? true
        guard isHost, isPort, host.utf8.count <= 253 else { throw .badRegistry(registry) }
    }

    /// Words of lower-case letters and digits, joined by `.`, `_`, `__` or dashes.
    private static func isPath(_ path: String) -> Bool {
        guard path.utf8.count <= 255 else { return false }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPathComponent)
    }

    private static func isPathComponent(_ word: Substring) -> Bool {
        guard let first = word.utf8.first, let last = word.utf8.last, isLowerOrDigit(first),
            isLowerOrDigit(last)
        else { return false }
        let separators = word.utf8.split(whereSeparator: isLowerOrDigit).map {
            String(decoding: $0, as: UTF8.self)
        }
        return separators.allSatisfy { run in
            run == "." || run == "_" || run == "__" || run.allSatisfy { $0 == "-" }
        }
    }

    private static func isTag(_ tag: String) -> Bool {
        guard let first = tag.utf8.first, tag.utf8.count <= 128 else { return false }
        return (isAlphanumeric(first) || first == UInt8(ascii: "_"))
            && tag.utf8.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || (65...90).contains(byte)
    }
}
