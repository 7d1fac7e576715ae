/// What a registry asks for in `WWW-Authenticate` (RFC 9110, section 11.6.1; the token protocol of distribution).
enum Challenge: Sendable, Hashable {
    case basic
    case bearer(realm: String, service: String?, scope: String?)

    /// The first challenge that we can answer; nil when there is none.
    init?(_ header: String) {
        var words = Substring(header)
        while !words.isEmpty {
            words = words.drop { $0 == " " || $0 == "," }
            let scheme = words.prefix { $0 != " " && $0 != "," }.lowercased()
            words = words.dropFirst(scheme.count)
            let parameters = Self.parameters(&words)
            switch scheme {
            case "bearer":
                guard let realm = parameters["realm"] else { continue }
                self = .bearer(realm: realm, service: parameters["service"], scope: parameters["scope"])
                return
            case "basic":
                self = .basic
                return
            default: continue
            }
        }
        return nil
    }

    /// `name="value"` or `name=value`, up to what begins the next challenge.
    private static func parameters(_ words: inout Substring) -> [String: String] {
        var found: [String: String] = [:]
        while true {
            let rest = words.drop { $0 == " " || $0 == "," || $0 == "\t" }
            let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
            let after = rest.dropFirst(name.count)
            guard !name.isEmpty, after.first == "=" else {
                words = rest
                return found
            }
            words = after.dropFirst()
            found[name.lowercased()] = value(&words)
        }
    }

    private static func value(_ words: inout Substring) -> String {
        guard words.first == "\"" else {
            let token = words.prefix { $0 != "," && $0 != " " }
            words = words.dropFirst(token.count)
            return String(token)
        }
        words = words.dropFirst()
        var value = ""
        while let character = words.popFirst(), character != "\"" {
            value.append(character == "\\" ? words.popFirst() ?? character : character)
        }
        return value
    }
}
