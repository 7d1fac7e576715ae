extension ArchiveDefinition.Mirror {
    static let pattern = "^(host|(https?|file)://.+)$"

    init(parsing text: String) throws(ValueError) {
        guard text != "host" else {
            self = .host
            return
        }
        func refusal(_ hint: String) -> ValueError {
            ValueError("bad-mirror", "\"\(text)\" is no mirror", hint: hint)
        }
        let schemes = ["https://", "http://", "file:///"]
        guard let scheme = schemes.first(where: text.hasPrefix), text.utf8.count > scheme.utf8.count,
            text.utf8.allSatisfy({ (33...126).contains($0) && $0 != 34 })
        else {
            throw refusal(
                "host for the machine's own sources, or a URL that starts with https://, http:// or file:///"
            )
        }
        let authority = text.dropFirst(scheme.count).prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw refusal(
                "leave user and password out: they belong to the machine (apt's auth.conf), not into the definition"
            )
        }
        self = .url(text)
    }

    var text: String {
        switch self {
        case .host: "host"
        case .url(let url): url
        }
    }
}
