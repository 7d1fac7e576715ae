import KilnDiagnostics

/// Paths in an image: `*` stands for any text within one name, `**` for any names.
package struct PathPattern: Sendable, Hashable, Codable, CustomStringConvertible {
    package let description: String

    package init(parsing text: String) throws(ValueError) {
        description = try ImagePath.parse(text)
    }

    init(trusted text: String) {
        description = text
    }

    package init(from decoder: any Decoder) throws {
        description = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package func matches(_ path: String) -> Bool {
        Self.matches(names(description)[...], names(path)[...])
    }

    private func names(_ path: String) -> [Substring] { path.split(separator: "/") }

    private static func matches(_ pattern: ArraySlice<Substring>, _ path: ArraySlice<Substring>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        let rest = pattern.dropFirst()
        if first == "**" {
            // At least one name: what lies below a folder, and not the folder.
            return !path.isEmpty && (1...path.count).contains { matches(rest, path.dropFirst($0)) }
        }
        guard let name = path.first, matches(Array(first.utf8)[...], Array(name.utf8)[...]) else {
            return false
        }
        return matches(rest, path.dropFirst())
    }

    /// Within one name; goes back to the newest star only, so that no pattern is slow.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        var (pattern, name) = (pattern, name)
        var star: (pattern: ArraySlice<UInt8>, name: ArraySlice<UInt8>)?
        while true {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                star = (pattern, name)
            } else if let byte = name.first, byte == pattern.first {
                (pattern, name) = (pattern.dropFirst(), name.dropFirst())
            } else if pattern.isEmpty, name.isEmpty {
                return true
            } else {
                guard let last = star, !last.name.isEmpty else { return false }
                (pattern, name) = (last.pattern, last.name.dropFirst())
                star = (pattern, name)
            }
        }
    }
}

extension Syntax where Value == PathPattern {
    static var pathPattern: Syntax {
        .scalar(
            "path or pattern of paths",
            expected: "an absolute path such as /var/cache/shop/**",
            schema: pattern(ImagePath.pattern),
            shown: { .string($0.description) },
            parse: { text throws(ValueError) in
                let pattern = try PathPattern(parsing: text)
                guard text != "/", !text.hasPrefix("/**") else {
                    throw ValueError(
                        "bad-path",
                        "\"\(text)\" stands for the whole root",
                        hint: "name a folder below which anything may change, such as /var/cache/shop/**"
                    )
                }
                return pattern
            }
        )
    }
}
