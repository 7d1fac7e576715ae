import KilnDiagnostics
import KilnRegistry
import SystemPackage

extension Syntax where Value == FilePath {
    static var source: Syntax {
        .scalar(
            "source",
            expected: "a path relative to the definition, such as app/server.py",
            schema: pattern(SourcePath.pattern),
            shown: { .string($0.string) },
            parse: SourcePath.parse
        )
    }

    /// A file of the machine, or one beside the definition.
    static var file: Syntax {
        .scalar(
            "file",
            expected: "a path of a file",
            schema: ["type": "string", "minLength": 1],
            shown: { .string($0.string) },
            parse: { text throws(ValueError) in
                guard text.utf8.first == 47 else { return try SourcePath.parse(text) }
                return FilePath(try ImagePath.parse(text))
            }
        )
    }
}

extension Syntax where Value: DefinitionName {
    static func name(_ noun: String) -> Syntax {
        .scalar(
            "\(noun) name",
            expected: "the name of \(noun.withArticle)",
            schema: pattern(NameText.pattern),
            shown: { .string($0.description) },
            parse: { text throws(ValueError) in
                try NameText.parse(text, noun)
            }
        )
    }
}

extension Syntax where Value == ImageDefinition.Origin {
    static var origin: Syntax {
        .scalar(
            "origin",
            expected: ImageDefinition.Origin.choice,
            schema: pattern(ImageDefinition.Origin.pattern),
            shown: { .string($0.text) },
            parse: { text throws(ValueError) in
                try ImageDefinition.Origin(parsing: text)
            }
        )
    }
}

extension Syntax where Value == Repository {
    static var repository: Syntax {
        .scalar(
            "repository",
            expected: "a repository, such as registry.example.org/shop",
            schema: pattern("^[^/@]+/[^@:]+$"),
            shown: { .string($0.description) },
            parse: { text throws(ValueError) in
                do throws(ImageReferenceSyntaxError) {
                    return try Repository(parsing: text)
                } catch {
                    let (message, hint) = error.words(on: text)
                    throw ValueError("bad-repository", message, hint: hint)
                }
            }
        )
    }
}

extension Syntax where Value == ArchiveDefinition.Mirror {
    static var mirror: Syntax {
        .scalar(
            "mirror",
            expected: "host or a URL",
            schema: pattern(ArchiveDefinition.Mirror.pattern),
            shown: { .string($0.text) },
            parse: { text throws(ValueError) in
                try ArchiveDefinition.Mirror(parsing: text)
            }
        )
    }
}

extension Syntax where Value == ListenAddress {
    static var listen: Syntax {
        .scalar(
            "address",
            expected: "an address and a port, such as 127.0.0.1:8080",
            schema: pattern(ListenAddress.pattern),
            shown: { .string($0.description) },
            parse: { text throws(ValueError) in
                try ListenAddress(parsing: text)
            }
        )
    }
}
