/// A package that was found in an image.
package struct InventoryPackage: Sendable, Hashable {
    /// Where its name means something: `Debian:12`, `Alpine:v3.20`, `PyPI`.
    package var ecosystem: Ecosystem
    package var name: String
    package var version: String
    /// The source package it was built from: dpkg's `Source`, apk's `origin`, the name in an RPM's `SOURCERPM`. nil: its own name.
    package var source: String?
    /// The source's version, where it is another (a rebuild without changes, `Source: foo (1.2)`). nil: its own version.
    package var sourceVersion: String?

    package init(
        _ ecosystem: Ecosystem,
        _ name: String,
        _ version: String,
        source: String? = nil,
        sourceVersion: String? = nil
    ) {
        self.ecosystem = ecosystem
        self.name = name
        self.version = version
        self.source = source
        self.sourceVersion = sourceVersion
    }

    /// A name and version that advisories may speak of.
    package struct Subject: Sendable, Hashable {
        package let name: String
        package let version: String
    }

    /// What advisories of the ecosystem speak of: Debian's and Alpine's of sources, those of RPM distributions of either.
    package var subjects: [Subject] {
        let own = Subject(name: name, version: version)
        let built = Subject(name: source ?? name, version: sourceVersion ?? version)
        switch ecosystem.scheme {
        case .debian, .alpine: return [built]
        case .rpm: return own.name == built.name ? [own] : [own, built]
        default: return [own]
        }
    }

    /// Its package URL (purl-spec, types deb, apk, rpm, pypi, npm, golang, gem, maven, cargo).
    package var packageURL: PackageURL {
        PackageURL(of: self)
    }
}

/// A package URL: `pkg:type/namespace/name@version?qualifier=value`. Of one that is read, qualifiers are not kept.
package struct PackageURL: Sendable, Hashable, CustomStringConvertible {
    package let type: String
    /// `debian`, `@scope`, a Maven group; empty when there is none.
    package let namespace: String
    package let name: String
    /// nil: any version is meant.
    package let version: String?
    /// What a type adds, such as `arch`; they tell no two packages apart that advisories speak of.
    package let qualifiers: [String: String]

    package init(
        type: String,
        namespace: String,
        name: String,
        version: String?,
        qualifiers: [String: String] = [:]
    ) {
        self.type = type
        self.namespace = namespace
        self.name = name
        self.version = version
        self.qualifiers = qualifiers.filter { !$0.value.isEmpty }
    }

    /// nil when the text is no package URL.
    package init?(parsing text: String) {
        guard text.hasPrefix("pkg:") else { return nil }
        let plain = text.dropFirst(4).prefix { $0 != "?" && $0 != "#" }
        let path = plain.drop { $0 == "/" }
        // A version begins at the last `@` past the last slash; npm's scopes have one in front.
        var name = path[...]
        var version: String?
        if let at = path.lastIndex(of: "@"), at > (path.lastIndex(of: "/") ?? path.startIndex) {
            version = Self.decoded(path[path.index(after: at)...])
            name = path[..<at]
        }
        let parts = name.split(separator: "/").map { Self.decoded($0) }
        guard let type = parts.first, let last = parts.last, parts.count >= 2 else { return nil }
        self.type = type.lowercased()
        namespace = parts.dropFirst().dropLast().joined(separator: "/")
        self.name = last
        self.version = version
        qualifiers = [:]
    }

    init(of package: InventoryPackage) {
        var (type, namespace, name) = ("generic", "", package.ecosystem.normalized(package.name))
        func split(at separator: Character) {
            guard let cut = name.lastIndex(of: separator) else { return }
            namespace = String(name[..<cut])
            name = String(name[name.index(after: cut)...])
        }
        switch package.ecosystem.family {
        case "Debian", "Ubuntu": (type, namespace) = ("deb", package.ecosystem.family.lowercased())
        case "Alpine", "Wolfi", "Chainguard":
            (type, namespace) = ("apk", package.ecosystem.family.lowercased())
        case "PyPI": type = "pypi"
        case "npm":
            type = "npm"
            split(at: "/")
        case "Go":
            type = "golang"
            split(at: "/")
        case "RubyGems": type = "gem"
        case "crates.io": type = "cargo"
        case "NuGet": type = "nuget"
        case "SwiftURL":
            type = "swift"
            split(at: "/")
        case "Maven":
            type = "maven"
            split(at: ":")
        default:
            if package.ecosystem.scheme == .rpm {
                type = "rpm"
                namespace = package.ecosystem.family.lowercased().split(separator: " ").joined()
            }
        }
        self.type = type
        self.namespace = namespace
        self.name = name
        version = package.version
        qualifiers = [:]
    }

    package var description: String {
        let path = ([type] + namespace.split(separator: "/").map(String.init) + [name]).map {
            Self.encoded($0)
        }
        let added = qualifiers.sorted { $0.key < $1.key }.map { $0.key + "=" + Self.encoded($0.value) }
        return "pkg:" + path.joined(separator: "/") + (version.map { "@" + Self.encoded($0) } ?? "")
            + (added.isEmpty ? "" : "?" + added.joined(separator: "&"))
    }

    /// Whether this, which may leave the version open, means the other.
    package func covers(_ other: PackageURL) -> Bool {
        type == other.type && namespace == other.namespace && name == other.name
            && (version == nil || version == other.version)
    }

    /// Percent-encoded (RFC 3986), but for what a package URL or the caller leaves as it is.
    static func encoded(_ text: String, keeping kept: String = ":") -> String {
        var result = ""
        for byte in text.utf8 {
            if byte.isDigit || byte.isLetter || ".-_~".utf8.contains(byte) || kept.utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return result
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
