/// A name that a user chose. Lower-case letters, digits, `-`, starting with a letter, at most 40 characters, so
/// that it can stand in file names, host names, cgroups and balancer entries as it is.
package protocol DefinitionName: Sendable, Hashable, Codable, Comparable, CustomStringConvertible,
    ExpressibleByStringLiteral
{
    init(trusted: String)
}

/// Why a text is no name.
package struct NameSyntaxError: Error, Hashable {
    package let text: String
}

extension DefinitionName {
    package init(parsing text: String) throws(NameSyntaxError) {
        let allowed = text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        guard let first = text.utf8.first, (97...122).contains(first), allowed, text.utf8.count <= 40 else {
            throw NameSyntaxError(text: text)
        }
        self.init(trusted: text)
    }

    package init(stringLiteral value: String) {
        self.init(trusted: value)
    }

    package static func < (left: Self, right: Self) -> Bool { left.description < right.description }

    package init(from decoder: any Decoder) throws {
        try self.init(parsing: try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

package struct ArchiveName: DefinitionName {
    package let description: String
    package init(trusted: String) { description = trusted }
}

/// An image's name as a user wrote it, or that of the image for one of its platforms: `shop@linux/arm64`.
package struct ImageName: DefinitionName {
    package let description: String
    package init(trusted: String) { description = trusted }
}

package struct FleetName: DefinitionName {
    /// Kept for the fleets that `kiln test` makes, and ends with all that is theirs.
    package static let trialPrefix = "kiln-test-"

    package let description: String
    package init(trusted: String) { description = trusted }
}

package struct EnvironmentName: DefinitionName {
    package let description: String
    package init(trusted: String) { description = trusted }
}

/// Someone who signs images.
package struct SignerName: DefinitionName {
    package let description: String
    package init(trusted: String) { description = trusted }
}

package struct PortName: DefinitionName {
    package let description: String
    package init(trusted: String) { description = trusted }
}
