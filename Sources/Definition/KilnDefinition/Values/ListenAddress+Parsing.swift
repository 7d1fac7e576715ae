import Glibc

extension ListenAddress {
    static let pattern = "^([0-9]{1,3}([.][0-9]{1,3}){3}|\\[[0-9a-fA-F:.]+\\]):[1-9][0-9]{0,4}$"

    /// `ADDRESS:PORT` with an IPv4 address in its usual four numbers, or an IPv6 address in brackets.
    package init(parsing text: String) throws(ValueError) {
        func refusal(_ hint: String) -> ValueError {
            ValueError("bad-address", "\"\(text)\" is no address to listen on", hint: hint)
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw refusal(Self.hint(withoutColon: text))
        }
        let host = String(text[..<colon])
        let digits = String(text[text.index(after: colon)...])
        let port: UInt16
        do {
            port = try WholeNumber.parse(digits, "bad-address", "port", in: 1...65535)
        } catch {
            throw refusal("the port is a whole number from 1 to 65535")
        }
        guard !host.isEmpty else {
            throw refusal(
                "write 127.0.0.1:\(port) for this machine only, or 0.0.0.0:\(port) for all its addresses"
            )
        }
        if host.hasPrefix("["), host.hasSuffix("]"),
            let address = Self.ipv6(String(host.dropFirst().dropLast()))
        {
            self.init(address: address, port: port)
            return
        }
        guard Self.isIPv4(host) else { throw refusal(Self.hint(host: host, port)) }
        self.init(address: host, port: port)
    }

    private static func hint(host: String, _ port: UInt16) -> String {
        if host == "localhost" { return "write 127.0.0.1:\(port)" }
        if let address = ipv6(host) { return "write [\(address)]:\(port)" }
        return "an IPv4 address and a port, such as 127.0.0.1:\(port)"
    }

    /// The address in the form of RFC 5952; nil when it is none.
    private static func ipv6(_ text: String) -> String? {
        var address = in6_addr()
        guard text.utf8.count < Int(INET6_ADDRSTRLEN), inet_pton(AF_INET6, text, &address) == 1 else {
            return nil
        }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, &address, &buffer, socklen_t(buffer.count)) != nil else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (48...57).contains($0) }
                    && (part == "0" || part.first != "0") && UInt8(part) != nil
            }
    }

    private static func hint(withoutColon text: String) -> String {
        if let port = UInt16(text), port > 0 {
            return "write 127.0.0.1:\(port) for this machine only, or 0.0.0.0:\(port) for all its addresses"
        }
        return isIPv4(text)
            ? "add the port, such as \(text):8080" : "an IPv4 address and a port, such as 127.0.0.1:8080"
    }
}
