import KilnSystem
import SystemPackage

/// Logins for archives, from the machine's apt_auth.conf(5) files.
struct AptCredentials: Sendable {
    private struct Entry: Sendable {
        /// nil stands for https alone: a password is not sent in clear unless the entry says `http://`.
        var scheme: String?
        var host: String
        var path: String
        var login = ""
        var password = ""
    }

    private var entries: [Entry] = []

    /// Where a login belongs.
    static let hint =
        "put it into /etc/apt/auth.conf.d/NAME.conf, for root alone to read: "
        + "machine https://HOST/PATH login USER password WORD"

    /// `auth.conf`, then the parts by name. What may not be read is passed over, as apt does.
    init(_ settings: AptHostSettings) {
        var texts = [try? Files.readText(settings.credentialFile)]
        for name in (try? Files.list(settings.credentialDirectory)) ?? [] where name.hasSuffix(".conf") {
            texts.append(try? Files.readText(settings.credentialDirectory.appending(name)))
        }
        for text in texts.compactMap({ $0 }) { entries += Self.parse(text) }
    }

    init(parsing text: String) {
        entries = Self.parse(text)
    }

    /// `login:password` for a URI; the first entry that fits.
    func login(for uri: String) -> String? {
        guard let separator = uri.firstRange(of: "://") else { return nil }
        let scheme = String(uri[..<separator.lowerBound])
        let rest = uri[separator.upperBound...]
        let host = String(rest.prefix { $0 != "/" })
        let path = String(rest.dropFirst(host.count))
        let entry = entries.first { entry in
            (entry.scheme ?? "https") == scheme && entry.host == host && path.hasPrefix(entry.path)
        }
        return entry.map { "\($0.login):\($0.password)" }
    }

    /// netrc's words: `machine [scheme://]host[:port][/path] login NAME password WORD`.
    private static func parse(_ text: String) -> [Entry] {
        let lines = text.split(whereSeparator: \.isLineEnd).filter { $0.trimmingSpaces.first != "#" }
        var words = lines.flatMap { $0.split(whereSeparator: \.isWhitespace) }.map(String.init)[...]
        var entries: [Entry] = []
        while let word = words.popFirst() {
            guard let value = words.popFirst() else { break }
            switch word {
            case "machine": entries.append(machine(value))
            case "login" where !entries.isEmpty: entries[entries.count - 1].login = value
            case "password" where !entries.isEmpty: entries[entries.count - 1].password = value
            default: break
            }
        }
        return entries
    }

    private static func machine(_ text: String) -> Entry {
        var rest = text[...]
        var scheme: String?
        if let separator = rest.firstRange(of: "://") {
            scheme = String(rest[..<separator.lowerBound])
            rest = rest[separator.upperBound...]
        }
        let host = rest.prefix { $0 != "/" }
        return Entry(scheme: scheme, host: String(host), path: String(rest.dropFirst(host.count)))
    }
}
