import KilnSystem
import SystemPackage

/// One suite of one archive on one host, as the machine's apt knows it.
package struct AptSource: Sendable, Hashable {
    /// Holds `dists/` and `pool/`; without a trailing slash.
    package var uri: String
    package var suite: String
    package var components: [String]
    /// Empty means all.
    var architectures: [String] = []
    /// Key files that the machine trusts for it; empty when it names none.
    var signedBy: [String] = []

    init(
        uri: String,
        suite: String,
        components: [String],
        architectures: [String] = [],
        signedBy: [String] = []
    ) {
        self.uri = Self.normalized(uri)
        self.suite = suite
        self.components = components
        self.architectures = architectures
        self.signedBy = signedBy
    }

    /// As apt spells it back, without the slashes at its end: it knows `file:///srv` as `file:/srv/`.
    static func normalized(_ uri: String) -> String {
        var uri = uri[...]
        while uri.hasSuffix("/") { uri.removeLast() }
        guard uri.hasPrefix("file:///") else { return String(uri) }
        return "file:/" + uri.dropFirst("file:".count).drop { $0 == "/" }
    }
}

/// Reads the two forms of sources.list(5).
enum AptSourceList {
    /// One-line form: `deb [option=value …] uri suite component…`. Lines of other types are passed over.
    static func parseOneLine(_ text: String) -> [AptSource] {
        text.split(whereSeparator: \.isLineEnd).compactMap { line in
            let content = line.prefix { $0 != "#" }.trimmingSpaces
            guard content.hasPrefix("deb"), let space = content.firstIndex(where: \.isWhitespace) else {
                return nil
            }
            guard content[..<space] == "deb" else { return nil }
            var rest = content[space...].trimmingSpaces
            var options: [String: [String]] = [:]
            if rest.first == "[" {
                guard let close = rest.firstIndex(of: "]") else { return nil }
                options = Self.options(rest[rest.index(after: rest.startIndex)..<close])
                rest = rest[rest.index(after: close)...]
            }
            let words = rest.split(whereSeparator: \.isWhitespace).map(String.init)
            guard words.count >= 3 else { return nil }
            return AptSource(
                uri: words[0],
                suite: words[1],
                components: Array(words[2...]),
                architectures: options["arch"] ?? [],
                signedBy: keyFiles(options["signed-by"] ?? [])
            )
        }
    }

    /// `name=a,b` pairs. `name+=` and `name-=` change a default that we do not know, so they are passed over.
    private static func options(_ text: Substring) -> [String: [String]] {
        var options: [String: [String]] = [:]
        for word in text.split(whereSeparator: \.isWhitespace) {
            guard let equals = word.firstIndex(of: "=") else { continue }
            let values = word[word.index(after: equals)...].split(separator: ",").map(String.init)
            options[word[..<equals].lowercased()] = values
        }
        return options
    }

    /// A fingerprint picks among keys that the machine trusts anyway; which file holds it is not known.
    private static func keyFiles(_ keys: [String]) -> [String] {
        keys.filter { $0.hasPrefix("/") }
    }

    /// deb822 form: a paragraph is each combination of its URIs and suites.
    static func parseDeb822(_ text: String) -> [AptSource] {
        Deb822Paragraph.parse(text).flatMap { paragraph -> [AptSource] in
            let isOff = ["no", "false", "off", "without", "disable", "0"]
                .contains(paragraph["Enabled"]?.lowercased() ?? "yes")
            guard !isOff, paragraph.words("Types").contains("deb") else { return [] }
            let components = paragraph.words("Components")
            guard !components.isEmpty else { return [] }
            let key = paragraph["Signed-By"] ?? ""
            let keys = key.contains("\n") ? [] : key.split { $0 == "," || $0.isWhitespace }.map(String.init)
            let signedBy = keyFiles(keys)
            return paragraph.words("URIs").flatMap { uri in
                paragraph.words("Suites").map { suite in
                    AptSource(
                        uri: uri,
                        suite: suite,
                        components: components,
                        architectures: paragraph.words("Architectures"),
                        signedBy: signedBy
                    )
                }
            }
        }
    }
}
