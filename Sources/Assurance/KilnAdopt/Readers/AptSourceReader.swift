import KilnInventory

/// An archive that the server takes packages from.
package struct ServerArchive: Sendable, Hashable {
    /// Without a login: where there was one, `hadLogin` says so.
    package var url: String
    package var hadLogin: Bool
    package var suites: [String]
    package var components: [String]
    /// Key files, as absolute paths on the server.
    package var signedBy: [String]
    /// The file that names it, from the root.
    package var file: String
}

/// sources.list(5) in both its forms.
package enum AptSourceReader {
    package static func read(_ bytes: [UInt8], file: String) -> [ServerArchive] {
        file.hasSuffix(".sources") ? deb822(bytes, file) : oneLine(bytes, file)
    }

    private static func deb822(_ bytes: [UInt8], _ file: String) -> [ServerArchive] {
        var found: [ServerArchive] = []
        let fields: Set<String> = ["types", "uris", "suites", "components", "signed-by", "enabled"]
        // Comments may stand anywhere, and are no fields.
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        let text = Array(lines.filter { $0.first != UInt8(ascii: "#") }.joined(separator: [0x0A]))
        ControlFields.forEach(in: text, fields) { paragraph in
            let enabled = paragraph["enabled"]?.lowercased() ?? "yes"
            guard words(paragraph["types"]).contains("deb"), !["no", "false", "0"].contains(enabled) else {
                return
            }
            for uri in words(paragraph["uris"]) {
                let (url, hadLogin) = withoutLogin(uri)
                found.append(
                    ServerArchive(
                        url: url,
                        hadLogin: hadLogin,
                        suites: words(paragraph["suites"]),
                        components: words(paragraph["components"]),
                        signedBy: words(paragraph["signed-by"]).filter { $0.first == "/" },
                        file: file
                    )
                )
            }
        }
        return found
    }

    private static func words(_ text: String?) -> [String] {
        (text ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func oneLine(_ bytes: [UInt8], _ file: String) -> [ServerArchive] {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            var rest = line.prefix { $0 != "#" }.drop(while: \.isWhitespace)
            guard rest.hasPrefix("deb"), let space = rest.firstIndex(where: \.isWhitespace),
                rest[..<space] == "deb"
            else { return nil }
            rest = rest[space...].drop(while: \.isWhitespace)
            var signedBy: [String] = []
            if rest.first == "[" {
                guard let close = rest.firstIndex(of: "]") else { return nil }
                for option in rest[..<close].dropFirst().split(whereSeparator: \.isWhitespace)
                where option.lowercased().hasPrefix("signed-by=") {
                    signedBy = option.dropFirst(10).split(separator: ",").map(String.init).filter {
                        $0.first == "/"
                    }
                }
                rest = rest[close...].dropFirst()
            }
            let words = rest.split(whereSeparator: \.isWhitespace).map(String.init)
            guard words.count >= 2 else { return nil }
            let (url, hadLogin) = withoutLogin(words[0])
            return ServerArchive(
                url: url,
                hadLogin: hadLogin,
                suites: [words[1]],
                components: Array(words[2...]),
                signedBy: signedBy,
                file: file
            )
        }
    }

    /// The URL without what stands before an `@` in its authority.
    static func withoutLogin(_ url: String) -> (url: String, hadLogin: Bool) {
        guard let scheme = url.firstRange(of: "://") else { return (url, false) }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return (url, false) }
        return (String(url[..<scheme.upperBound]) + String(url[at...].dropFirst()), true)
    }
}
