import KilnDiagnostics
import KilnOCI

/// The keys of a download.
enum DownloadKeys {
    static let shape = Shape(
        "download",
        help: """
            A file from the network. `kiln lock` fetches it, keeps it and writes down what it is; what the URL serves later \
            changes no image. All downloads of an image are one layer, below its files.
            """,
        blank: DownloadDefinition(url: "", target: ""),
        rules: [.needs("strip", "unpack")],
        locate: { passage, download, reading in download.span = reading.lines.span(of: passage.node) },
        fields: [
            .required(
                "url",
                \.url,
                .downloadURL,
                help: "Where it is. A login is taken from the machine (apt's `auth.conf`, `~/.netrc`).",
                example: "https://example.org/app-1.4.2.tar.gz"
            ),
            .optional(
                "sha256",
                \.sha256,
                .sha256,
                help: "What its publisher says it is; without it the first `kiln lock` takes what comes.",
                example: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            ),
            .required(
                "target",
                \.target,
                .imagePath,
                help: "Where the file goes, or the folder that an archive is unpacked into.",
                example: "/opt/app"
            ),
            .standard(
                "owner",
                \.owner,
                .user,
                help: "The owner; the group is the user's own.",
                example: "root"
            ),
            .optional(
                "mode",
                \.mode,
                .mode,
                help: """
                    The files' permission bits. Without it `0644`, and `0755` for what an archive marks executable; folders \
                    get `0755`.
                    """,
                example: "\"0644\""
            ),
            .standard(
                "unpack",
                \.unpack,
                .flag,
                help: "Whether it is a tar (plain, gzip, xz or zstd) whose content goes into `target`.",
                example: "true"
            ),
            .standard(
                "strip",
                \.strip,
                .number("number of folders", in: 0...16),
                help: "How many folders at the top of the archive are left out, each the only one there.",
                example: "0"
            ),
            PlatformKeys.only(\.platforms),
        ]
    )
}

extension Syntax where Value == Digest {
    static var sha256: Syntax {
        .scalar(
            "sha256",
            expected: "64 hex digits",
            schema: pattern("^[0-9a-f]{64}$"),
            shown: { .string($0.hex) },
            parse: { text throws(ValueError) in
                guard let digest = try? Digest(parsingHex: text) else {
                    throw ValueError(
                        "bad-digest",
                        "\"\(ShownText.line(text))\" is no sha256",
                        hint: "64 lower-case hex digits, as sha256sum prints them"
                    )
                }
                return digest
            }
        )
    }
}

extension Syntax where Value == String {
    static var downloadURL: Syntax {
        .scalar(
            "URL",
            expected: "a URL such as https://example.org/app.tar.gz",
            schema: pattern("^https?://[^/@]+/"),
            shown: { .string($0) },
            parse: DownloadURL.parse
        )
    }
}

enum DownloadURL {
    static func parse(_ text: String) throws(ValueError) -> String {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix),
            text.utf8.allSatisfy({ (33...126).contains($0) && $0 != 34 && $0 != 92 }), text.utf8.count <= 2048
        else {
            throw ValueError(
                "bad-url",
                "\"\(ShownText.line(text))\" is no URL of a download",
                hint:
                    "it starts with https:// or http://, without spaces; files beside the definition go into files"
            )
        }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else {
            // What stands before the @ is not shown: it may be a password.
            throw ValueError(
                "url-login",
                "the URL holds a login",
                hint: "leave user and password out: they belong to the machine (apt's auth.conf, or ~/.netrc)"
            )
        }
        guard !authority.isEmpty, rest.dropFirst(authority.count).first == "/", !rest.contains("#") else {
            throw ValueError(
                "bad-url",
                "\"\(text)\" is no URL of a file",
                hint: "a host and a path, without #, such as https://example.org/app.tar.gz"
            )
        }
        return text
    }
}
