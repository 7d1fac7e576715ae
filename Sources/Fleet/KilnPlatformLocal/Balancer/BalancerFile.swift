package import KilnDefinition
import KilnOCI
package import SystemPackage

/// The configuration file of a fleet's HAProxy: writes it, and reads back what was written.
package struct BalancerFile: Sendable, Hashable {
    package let fleet: FleetName
    package let socket: FilePath
    /// An empty folder for the worker.
    package let root: FilePath
    /// The worker's user and group, where the machine has one.
    package let account: String?

    package func text(_ config: BalancerConfig) -> String {
        let fixed = fixedPart(config)
        return fixed.replacing(Self.stampMark, with: stamp(config))
            + config.servers.map { "    server \(Self.words($0).joined(separator: " "))\n" }.joined()
    }

    /// Differs when anything but the servers differs.
    package func stamp(_ config: BalancerConfig) -> String {
        let digest: Digest = Digest(of: fixedPart(config))
        return "kiln-\(digest.short)"
    }

    /// The words that define a server, in the file and at run time alike.
    package static func words(_ server: BalancerConfig.Server) -> [String] {
        let check = server.check
        return [
            server.name, "\(server.address):\(server.port)", "check", "port", "\(check.port)",
            "inter", "\(check.intervalMilliseconds)ms", "rise", "\(check.rise)", "fall", "\(check.fall)",
            "weight", "\(server.weight)",
        ]
    }

    private static let stampMark = "STAMP"

    private func fixedPart(_ config: BalancerConfig) -> String {
        global + defaults(config) + frontend(config) + backend(config.check)
    }

    private var global: String {
        """
        # Written by kiln for fleet \(fleet): edits are overwritten.
        global
            description \(Self.stampMark)
            stats socket \(socket) mode 600 level admin expose-fd listeners
            chroot \(root)
        \(account.map { "    user \($0)\n    group \($0)\n" } ?? "")\
            maxconn 4096
            no strict-limits
            hard-stop-after 30m

        """
    }

    // A connection to an instance carries one request: an instance that ends never meets a request on an old
    // connection. Only what never reached an instance is tried again, so nothing is done twice.
    private func defaults(_ config: BalancerConfig) -> String {
        """

        defaults
            mode http
            option http-server-close
            http-reuse never
            option redispatch 1
            retries 3
            retry-on conn-failure
            option forwardfor
            timeout connect 3s
            timeout client 60s
            timeout client-fin 30s
            timeout http-request 30s
            timeout http-keep-alive 15s
            timeout queue 30s
            timeout server 1h
            timeout tunnel 24h
            timeout check \(config.checkTimeoutMilliseconds)ms

        """
    }

    private func frontend(_ config: BalancerConfig) -> String {
        guard let listen = config.listen else { return "" }
        return """

            frontend fleet
                bind \(listen)
            \(config.inside.map { "    bind \($0)\n" } ?? "")\
                option idle-close-on-response
                default_backend \(BalancerConfig.backend)

            """
    }

    private func backend(_ check: BalancerConfig.Check) -> String {
        let head = """

            backend \(BalancerConfig.backend)
                balance roundrobin

            """
        guard case .http(let path) = check else { return head }
        return head + """
                option httpchk
                http-check send meth GET uri \(Self.quote(path)) ver HTTP/1.1 hdr Host \(fleet)
                http-check expect status 200-399

            """
    }

    /// Between single quotes nothing is special but the single quote itself.
    static func quote(_ text: String) -> String {
        "'" + text.replacing("'", with: #"'\''"#) + "'"
    }
}
