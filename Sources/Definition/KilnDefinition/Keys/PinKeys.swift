/// A pin as read, before its one target is taken.
struct PinDraft: Sendable {
    var pin = PackagePin(package: "", target: .version(""))
    var suite: String?
    var archive: ArchiveName?
    var version: String?

    var resolved: PackagePin? {
        var pin = pin
        if let suite {
            pin.target = .suite(suite)
        } else if let archive {
            pin.target = .archive(archive)
        } else {
            guard let version else { return nil }
            pin.target = .version(version)
        }
        return pin
    }
}

/// The keys of a pin.
enum PinKeys {
    static let syntax = Syntax<PackagePin>.object(shape) { draft, _ in draft.resolved }

    private static let shape = Shape(
        "pin",
        help: "A preference among a package's versions, in the terms of apt_preferences(5).",
        blank: PinDraft(),
        rules: [.exactlyOne(["suite", "archive", "version"])],
        locate: { passage, draft, reading in draft.pin.span = reading.lines.span(of: passage.node) },
        fields: [
            .required(
                "package",
                \.pin.package,
                .packagePattern,
                help: "The package, or a pattern: `*` stands for any text.",
                example: "curl"
            ),
            .optional(
                "suite",
                \.suite,
                .archivePart("suite", such: "bookworm-backports"),
                help: "The versions of this suite of one of the image's archives.",
                example: "bookworm-security"
            ),
            .optional(
                "archive",
                \.archive,
                .name("archive"),
                help: "The versions of this archive.",
                example: "debian"
            ),
            .optional(
                "version",
                \.version,
                .versionPattern,
                help: "These versions; `*` stands for any text.",
                example: "\"8.*\""
            ),
            .standard(
                "priority",
                \.pin.priority,
                .pinPriority,
                help: "How much: above 500 is before all that is not pinned, -1 is never.",
                example: "990"
            ),
        ]
    )
}

extension Syntax where Value == String {
    static var packagePattern: Syntax {
        .scalar(
            "package name or pattern",
            expected: "a package name such as curl, or a pattern such as python3*",
            schema: pattern("^[a-z0-9*][a-z0-9+.*-]*$"),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                guard text.contains("*") else { return try PackageName.parse(text) }
                let isPattern = text.utf8.allSatisfy { byte in
                    (97...122).contains(byte) || (48...57).contains(byte) || "+-.*".utf8.contains(byte)
                }
                guard isPattern, text.utf8.count <= 128, let first = text.utf8.first,
                    !"+-.".utf8.contains(first)
                else {
                    throw ValueError(
                        "bad-package",
                        "\"\(text)\" is no pattern of package names",
                        hint: "lower-case letters, digits, +, -, . and *, such as python3*"
                    )
                }
                return text
            }
        )
    }

    static var versionPattern: Syntax {
        .scalar(
            "version or pattern",
            expected: "a version such as 8.14.1-1, or a pattern such as \"8.*\"",
            schema: ["type": ["string", "number"]],
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                let isPattern = text.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                        || ".+-~:*".utf8.contains(byte)
                }
                guard isPattern, (1...256).contains(text.utf8.count) else {
                    throw ValueError(
                        "bad-version",
                        "\"\(text)\" is no version of a package",
                        hint: "letters, digits and . + - ~ : with * for any text, such as \"8.*\""
                    )
                }
                return text
            }
        )
    }
}

extension Syntax where Value == Int {
    /// apt takes 0 for something undefined, and what is above 1000 for a wish to go back to older versions.
    static var pinPriority: Syntax {
        .scalar(
            "priority",
            expected: "a priority such as 990",
            schema: ["type": "integer", "minimum": -1, "maximum": 1000, "not": ["const": 0]],
            isQuoted: false,
            shown: { .integer(Int64($0)) },
            parse: { text throws(ValueError) in
                text == "-1"
                    ? -1 : try WholeNumber.parse(text, "bad-number", "priority", in: 1...1000)
            }
        )
    }
}
