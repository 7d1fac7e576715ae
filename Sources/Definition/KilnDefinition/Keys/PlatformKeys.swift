import KilnOCI

extension Syntax where Value == ImagePlatform {
    static var platform: Syntax {
        .scalar(
            "platform",
            expected: "a platform such as linux/arm64",
            schema: ["enum": .array(ImagePlatform.names.map(JSONValue.string))],
            shown: { .string($0.description) },
            parse: { text throws(ValueError) in
                if let platform = ImagePlatform(parsing: text) { return platform }
                let meant = ImagePlatform(debianArchitecture: text) ?? ImagePlatform(parsing: "linux/" + text)
                throw ValueError(
                    "bad-platform",
                    "\"\(text)\" is no platform that images are baked for",
                    hint: meant.map { "write \($0)" }
                        ?? "one of \(ImagePlatform.names.joined(separator: ", "))"
                )
            }
        )
    }
}

/// What is meant for some of an image's platforms only.
enum PlatformKeys {
    static func only<Root: Sendable>(
        _ path: any WritableKeyPath<Root, [ImagePlatform]> & Sendable
    ) -> Field<Root> {
        .standard(
            "platforms",
            path,
            .list(of: .platform, named: "platforms", isUnique: true),
            help: "The only ones of the image's platforms that get it; all without it.",
            example: "[linux/arm64]"
        )
    }
}
