/// The parts of an `http` or `https` URL that decide who is spoken to.
struct RegistryURL: Sendable, Hashable {
    /// Scheme, host and port, as two URLs of the same server have them alike.
    struct Origin: Sendable, Hashable, CustomStringConvertible {
        let isSecure: Bool
        let host: String
        let port: Int

        var description: String { "\(isSecure ? "https" : "http")://\(host):\(port)" }
    }

    let origin: Origin
    /// Scheme and authority as they were written, without a slash.
    private let root: String
    /// From the first slash after the authority to the query.
    private let path: String

    /// nil for what is no such URL, and for what programs read differently: logins in it, odd characters in the host.
    init?(_ text: String) {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let isSecure: Bool
        switch text[..<separator.lowerBound].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: return nil
        }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let (host, port) = Self.server(authority) else { return nil }
        origin = Origin(isSecure: isSecure, host: host, port: port ?? (isSecure ? 443 : 80))
        root = String(text[..<authority.endIndex])
        path = String(rest[authority.endIndex...].prefix { $0 != "?" && $0 != "#" })
    }

    private static func server(_ authority: Substring) -> (host: String, port: Int?)? {
        let isBracketed = authority.first == "["
        let host = isBracketed ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        guard authority.hasPrefix(host), host.utf8.count > (isBracketed ? 2 : 0),
            host.utf8.allSatisfy({ isOfHost($0) || (isBracketed && "[:]".utf8.contains($0)) })
        else { return nil }
        let rest = authority.dropFirst(host.count)
        if rest.isEmpty { return (host.lowercased(), nil) }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()), rest.dropFirst().first != "+" else {
            return nil
        }
        return (host.lowercased(), Int(port))
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 46, 95: true
        default: false
        }
    }

    /// The URL that a `Location` means in an answer from this one (RFC 3986, section 5.2).
    func resolving(_ location: String) -> String {
        if location.hasPrefix("//") { return (origin.isSecure ? "https:" : "http:") + location }
        if location.hasPrefix("/") { return root + location }
        if location.hasPrefix("?") { return root + path + location }
        let beforeQuery = location.prefix { $0 != "?" && $0 != "#" && $0 != "/" }
        if beforeQuery.contains(":") { return location }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
        return root + folder + location
    }
}
