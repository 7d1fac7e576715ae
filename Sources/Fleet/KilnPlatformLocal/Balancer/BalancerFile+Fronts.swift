import KilnDefinition
import SystemPackage

// The part of the file that faces clients.
extension BalancerFile {
    func frontend(_ front: BalancerConfig.Front, _ index: Int) -> String {
        let listener = front.listener
        var lines = [listener.address, front.inside].compactMap(\.self).map { bind($0, front) }
        switch (listener.redirects, listener.mode) {
        case (true, _): lines += redirect(to: front.securePort ?? 443)
        case (false, .http): lines += http(front)
        case (false, .tcp):
            // A connection may have nothing to say for long, as those to databases do.
            lines += ["mode tcp", "option clitcpka", "timeout client 24h"]
        }
        if let backend = front.backend { lines.append("default_backend \(backend.name)") }
        let name = index == 0 ? "fleet" : "fleet-\(index + 1)"
        return "\nfrontend \(name)\n" + lines.map { "    \($0)\n" }.joined()
    }

    private func bind(_ address: ListenAddress, _ front: BalancerConfig.Front) -> String {
        var words = ["bind", "\(address)"]
        if address.isIPv6 { words.append("v6only") }
        if let tls = front.listener.tls, let certificate = front.certificate {
            words += [
                "ssl", "crt", Self.quote(certificate.string), "ssl-min-ver", "TLSv\(tls.minVersion.rawValue)",
            ]
            if front.listener.mode == .http { words += ["alpn", "h2,http/1.1"] }
            if let authority = front.clientCA {
                words += ["ca-file", Self.quote(authority.string)]
                words += ["verify", tls.clientRequired ? "required" : "optional"]
            }
        }
        return words.joined(separator: " ")
    }

    /// What instances are told of the client is said here alone: what it says of itself is taken out.
    private func http(_ front: BalancerConfig.Front) -> [String] {
        let forged = [
            "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-IP",
            "X-SSL-Client-DN",
        ]
        var lines = ["option idle-close-on-response"] + forged.map { "http-request del-header \($0)" }
        let scheme = front.listener.tls == nil ? "http" : "https"
        lines.append("http-request set-header X-Forwarded-Proto \(scheme)")
        if front.clientCA != nil {
            lines.append("http-request set-header X-SSL-Client-DN %[ssl_c_s_dn] if { ssl_c_used }")
        }
        return lines
    }

    private func redirect(to port: UInt16) -> [String] {
        let host = "%[req.hdr(host),regsub(:[0-9]+$,)]\(port == 443 ? "" : ":\(port)")"
        return [
            "http-request deny deny_status 400 unless { req.hdr(host) -m found }",
            "http-request redirect location https://\(host)%[capture.req.uri] code 308",
        ]
    }

    /// What Mozilla calls intermediate (guidelines 5.7), without the key exchange that needs parameters of its own. A ticket's key
    /// would live as long as the process, so there are none.
    static let secureDefaults = """
            ssl-default-bind-ciphers \
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
        ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
            ssl-default-bind-ciphersuites \
        TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
            ssl-default-bind-options no-tls-tickets

        """
}
