/// The keys of an answer to debconf.
enum DebconfKeys {
    static let shape = Shape(
        "debconf answer",
        help: "An answer to a question that a package asks through debconf, given before it is configured.",
        blank: DebconfAnswer(package: "", question: "", kind: .string, value: ""),
        locate: { passage, answer, reading in answer.span = reading.lines.span(of: passage.node) },
        fields: [
            .required(
                "package",
                \.package,
                .package,
                help: "The package whose question it is.",
                example: "tzdata"
            ),
            .required(
                "question",
                \.question,
                .debconfQuestion,
                help: "The question's name; `debconf-show PACKAGE` lists them.",
                example: "tzdata/Zones/Europe"
            ),
            .required(
                "type",
                \.kind,
                .debconfType,
                help: "The question's type: `string`, `boolean`, `select` or `multiselect`.",
                example: "select"
            ),
            .required("value", \.value, .debconfValue, help: "The answer.", example: "Berlin"),
        ]
    )
}

extension Syntax where Value == DebconfAnswer.Kind {
    static var debconfType: Syntax {
        let words = DebconfAnswer.Kind.allCases.map(\.rawValue)
        return .scalar(
            "debconf type",
            expected: "string, boolean, select or multiselect",
            schema: ["enum": .array(words.map(JSONValue.string))],
            shown: { .string($0.rawValue) },
            parse: { text throws(ValueError) in
                if let kind = DebconfAnswer.Kind(rawValue: text) { return kind }
                guard text == "password" else {
                    throw ValueError(
                        "bad-choice",
                        "\"\(text)\" is no type of a debconf question",
                        hint: "string, boolean, select or multiselect"
                    )
                }
                throw ValueError(
                    "secret",
                    "a password cannot be answered here: everybody who has the image could read it",
                    hint: "let the program take it from a file that an instance gets when it starts"
                )
            }
        )
    }
}

extension Syntax where Value == String {
    static var debconfQuestion: Syntax {
        .scalar(
            "question",
            expected: "the name of a question such as tzdata/Areas",
            schema: pattern("^[A-Za-z0-9][^ ]*/[^ ]+$"),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                let parts = text.split(separator: "/", omittingEmptySubsequences: false)
                guard text.utf8.allSatisfy({ (33...126).contains($0) }), text.utf8.count <= 256,
                    text.utf8.first != 35, parts.count >= 2, parts.allSatisfy({ !$0.isEmpty })
                else {
                    throw ValueError(
                        "bad-question",
                        "\"\(text)\" is no name of a question",
                        hint: "PACKAGE/NAME, such as tzdata/Areas"
                    )
                }
                return text
            }
        )
    }

    /// One line: that is all that a selection holds.
    static var debconfValue: Syntax {
        .scalar(
            "value",
            expected: "text",
            schema: ["type": ["string", "number", "boolean"]],
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                guard !text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) else {
                    throw ValueError("bad-text", "an answer to debconf is one line of text")
                }
                return text
            }
        )
    }
}
