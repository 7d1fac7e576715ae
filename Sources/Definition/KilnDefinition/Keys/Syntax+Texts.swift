import KilnDiagnostics

/// What YAML readers that resolve plain scalars by themselves may take a text for.
private let anyText: JSONValue = ["type": ["string", "number", "boolean"]]

/// A text that looks so.
func pattern(_ pattern: String) -> JSONValue {
    ["type": "string", "pattern": .string(pattern)]
}

/// Refuses what no process could be given.
private func plainText(_ text: String, _ noun: String) throws(ValueError) -> String {
    guard !text.unicodeScalars.contains("\0") else {
        throw ValueError("bad-text", "\(noun.withArticle) cannot hold a NUL character")
    }
    return text
}

extension Syntax where Value == String {
    /// Any text, empty too (`""`).
    static func text(_ noun: String) -> Syntax {
        .scalar(
            noun,
            expected: "text",
            schema: anyText,
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                try plainText(text, noun)
            }
        )
    }

    static var version: Syntax {
        .scalar(
            "version",
            expected: "a version such as 1.4.2",
            schema: anyText,
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                let isVersion = text.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                        || "._+-~:".utf8.contains(byte)
                }
                guard isVersion, (1...128).contains(text.utf8.count) else {
                    throw ValueError(
                        "bad-version",
                        "\"\(text)\" is no version",
                        hint: "letters, digits and . _ + - ~ :"
                    )
                }
                return text
            }
        )
    }

    static var package: Syntax {
        .scalar(
            "package name",
            expected: "a package name such as curl",
            schema: pattern(PackageName.pattern),
            shown: { .string($0) },
            parse: PackageName.parse
        )
    }

    /// A suite or component, as it stands in a `deb` line.
    static func archivePart(_ noun: String, such example: String) -> Syntax {
        .scalar(
            noun,
            expected: "\(noun.withArticle) such as \(example)",
            schema: pattern("^[A-Za-z0-9][A-Za-z0-9._/-]*$"),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                let isWord = text.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                        || "._/-".utf8.contains(byte)
                }
                guard isWord, let first = text.utf8.first, !"._/-".utf8.contains(first), !text.contains("..")
                else {
                    throw ValueError("bad-\(noun)", "\"\(text)\" is no \(noun)")
                }
                return text
            }
        )
    }

    static var userName: Syntax {
        .scalar(
            "user name",
            expected: "a user name such as shop",
            schema: pattern(UserName.pattern),
            shown: { .string($0) },
            parse: UserName.parse
        )
    }

    static var user: Syntax {
        .scalar(
            "user",
            expected: "a user name or number",
            schema: [
                "type": ["string", "integer"],
                "pattern": .string("^(0|[1-9][0-9]{0,9})$|\(UserName.pattern)"),
                "minimum": 0,
                "maximum": .integer(Int64(UserName.numbers.upperBound)),
            ],
            shown: { .string($0) },
            parse: UserName.parseReference
        )
    }

    static var imagePath: Syntax {
        .scalar(
            "path in the image",
            expected: "an absolute path such as /opt/shop",
            schema: pattern(ImagePath.pattern),
            shown: { .string($0) },
            parse: ImagePath.parse
        )
    }

    /// A path that stands in a field of passwd(5).
    static var accountPath: Syntax {
        .scalar(
            "path in the image",
            expected: "an absolute path such as /opt/shop",
            schema: pattern("^/([^/:][^:]*)?$"),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                let path = try ImagePath.parse(text)
                guard !path.contains(":") else {
                    throw ValueError(
                        "bad-path",
                        "\"\(path)\" has : in it",
                        hint: "a : ends a field of /etc/passwd: choose a path without one"
                    )
                }
                return path
            }
        )
    }

    static var environmentName: Syntax {
        .scalar(
            "variable name",
            expected: "a variable name such as LOG_LEVEL",
            schema: pattern("^[A-Za-z_][A-Za-z0-9_]*$"),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                let isName = text.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                        || byte == 95
                }
                guard isName, let first = text.utf8.first, !(48...57).contains(first) else {
                    throw ValueError(
                        "bad-variable",
                        "\"\(text)\" is no variable name",
                        hint: "letters, digits and _, no digit first, such as LOG_LEVEL"
                    )
                }
                return text
            }
        )
    }

    static var signal: Syntax {
        .scalar(
            "signal",
            expected: "a signal such as TERM",
            schema: ["enum": .array(SignalName.all.map(JSONValue.string))],
            shown: { .string($0) },
            parse: SignalName.parse
        )
    }

    static var requestPath: Syntax {
        .scalar(
            "path of a request",
            expected: "a path such as /healthz",
            schema: pattern("^/[!-~]*$"),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                guard text.utf8.first == 47, text.utf8.allSatisfy({ (33...126).contains($0) }),
                    text.utf8.count <= 2048
                else {
                    throw ValueError(
                        "bad-path",
                        "\"\(text)\" is no path of a request",
                        hint: "a path that starts with /, without spaces, such as /healthz"
                    )
                }
                return text
            }
        )
    }

    /// A name that becomes part of file names on the machine.
    static var volume: Syntax {
        .scalar(
            "volume name",
            expected: "a volume name such as data",
            schema: pattern(NameText.pattern),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                let name: ImageName = try NameText.parse(text, "volume")
                return name.description
            }
        )
    }

    /// One of these words; the key's meaning is fixed so far.
    static func word(_ noun: String, _ words: [String]) -> Syntax {
        .scalar(
            noun,
            expected: words.joined(separator: " or "),
            schema: ["enum": .array(words.map(JSONValue.string))],
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                guard words.contains(text) else {
                    let hint = Spelling.hint(for: text, in: words)
                    throw ValueError("bad-choice", "\"\(text)\" is no \(noun)", hint: hint)
                }
                return text
            }
        )
    }

    /// The version of the format that this reader knows.
    static var format: Syntax {
        .scalar(
            "format",
            expected: "1",
            schema: ["const": 1],
            isQuoted: false,
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                guard text == "1" else {
                    throw ValueError(
                        "version",
                        "this version of Kiln reads kiln: 1, not kiln: \(text)",
                        hint: Int(text) == nil ? "write kiln: 1" : "a newer Kiln may read it"
                    )
                }
                return text
            }
        )
    }
}
