/// A version that was read once, in the order of its scheme.
package struct Version: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let scheme: VersionScheme
    /// As it was written.
    package let description: String
    package let key: VersionKey

    package init(_ scheme: VersionScheme, parsing text: String) throws(VersionSyntaxError) {
        self.scheme = scheme
        description = text
        key = try scheme.key(of: text)
    }

    /// Versions are equal when their scheme orders neither before the other: `1.0` and `1.00` in most of them.
    package static func == (left: Version, right: Version) -> Bool {
        left.scheme == right.scheme && left.key == right.key
    }

    /// Versions of one scheme in its order; of different schemes, which nobody should compare, scheme by scheme.
    package static func < (left: Version, right: Version) -> Bool {
        left.scheme == right.scheme ? left.key < right.key : left.scheme.rawValue < right.scheme.rawValue
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(scheme)
        hasher.combine(key)
    }
}

/// Why a text is no version of its scheme.
package enum VersionSyntaxError: Error, Sendable, Hashable {
    case empty
    /// More than `VersionScheme.longest` bytes.
    case tooLong
    /// Blanks, control characters and others that no version has.
    case character
    /// The part that was expected where something else stands.
    case expected(String)

    /// The reason in a few words, for import reports and findings that could not be judged.
    package var reason: String {
        switch self {
        case .empty: "the version is empty"
        case .tooLong: "the version is longer than \(VersionScheme.longest) bytes"
        case .character: "the version has a character that does not belong there"
        case .expected(let what): "the version lacks \(what) where it should stand"
        }
    }
}

/// A way in which versions are written and ordered. The raw values are part of the database's format.
package enum VersionScheme: UInt8, Sendable, CaseIterable {
    /// dpkg: deb-version(7).
    case debian = 1
    /// Semantic Versioning 2.0.0, and the looser forms that OSV's databases hold.
    case semantic = 2
    /// Python: PEP 440, as `packaging.version` orders it.
    case python = 3
    /// Maven: `ComparableVersion` of Maven 4 (POM reference, "Version Order Specification").
    case maven = 4
    /// npm: node-semver, which reads a leading `v` or `=`.
    case npm = 5
    /// Go modules: golang.org/x/mod/semver; the `v` may be missing, as in OSV.
    case go = 6
    /// RubyGems: `Gem::Version`.
    case rubyGems = 7
    /// Alpine: apk-tools 3, `version.c`.
    case alpine = 8
    /// RPM: epoch, version and release by `rpmvercmp` (rpm-version(7)).
    case rpm = 9

    /// Most bytes of a version's text.
    package static let longest = 1024

    package func key(of text: String) throws(VersionSyntaxError) -> VersionKey {
        guard text.utf8.count <= Self.longest else { throw .tooLong }
        var bytes = Array(text.utf8)[...]
        while let last = bytes.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\n") {
            bytes.removeLast()
        }
        while bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { throw .character }
        switch self {
        case .debian: return try DebianOrder.key(bytes)
        case .semantic, .npm, .go: return try SemanticOrder.key(bytes, scheme: self)
        case .python: return try PythonOrder.key(bytes)
        case .maven: return try MavenOrder.key(String(decoding: bytes, as: UTF8.self))
        case .rubyGems: return try RubyGemsOrder.key(bytes)
        case .alpine: return try AlpineOrder.key(bytes)
        case .rpm: return try RPMOrder.key(bytes)
        }
    }
}
