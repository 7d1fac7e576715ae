package import KilnAPI
import KilnDiagnostics

/// Where metrics can be read over TCP: `127.0.0.1:9464`, `[::1]:9464`, or a port alone, on loopback.
package struct MetricsAddress: Sendable, Hashable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(parsing text: String) throws(APIError) {
        let colon = text.lastIndex(of: ":")
        let port = Int(colon.map { text[text.index(after: $0)...] } ?? text[...])
        var host = colon.map { String(text[..<$0]) } ?? ""
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let isAddress = host.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (97...102).contains(byte) || byte == 46 || byte == 58
        }
        guard let port, (1...65_535).contains(port), isAddress else {
            throw APIError(
                .address,
                "\"\(text)\" is no address for metrics",
                hint: "an IP address and a port, such as 127.0.0.1:9464",
                status: .usage
            )
        }
        self.host = host.isEmpty ? "127.0.0.1" : host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
