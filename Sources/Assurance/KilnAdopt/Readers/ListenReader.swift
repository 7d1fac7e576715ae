/// A port that something on the server listens on, and what says so.
package struct ListeningPort: Sendable, Hashable {
    package var port: UInt16
    /// As written: `0.0.0.0`, `127.0.0.1`, `[::]`; empty for all.
    package var address: String
    /// `nginx`, `sshd`, a unit's name.
    package var program: String
    /// The file that names it, from the root; or `/proc/net/tcp`.
    package var evidence: String
}

/// Ports out of the configuration of servers that many machines have.
package enum ListenReader {
    package static func read(_ path: String, _ bytes: [UInt8]) -> [ListeningPort] {
        let text = String(decoding: bytes, as: UTF8.self)
        if path.hasPrefix("etc/nginx/") { return nginx(text, path) }
        if path.hasPrefix("etc/apache2/") { return apache(text, path) }
        if path.hasPrefix("etc/haproxy/") { return haproxy(text, path) }
        if path.hasPrefix("etc/ssh/sshd_config") { return keyed(text, path, "port", "sshd") }
        if path.hasPrefix("etc/redis/") { return keyed(text, path, "port", "redis") }
        if path.hasPrefix("etc/postgresql/"), path.hasSuffix(".conf") {
            return keyed(text, path, "port", "postgresql")
        }
        if path.hasPrefix("etc/mysql/") { return keyed(text, path, "port", "mysql") }
        if path.hasSuffix(".socket") { return socket(bytes, path) }
        return []
    }

    /// `[::]:80`, `127.0.0.1:80`, `*:80`, `80`; nil for what is no port, such as the path of a socket.
    package static func endpoint(_ text: some StringProtocol) -> (address: String, port: UInt16)? {
        let text = String(text)
        if let port = UInt16(text) { return port > 0 ? ("", port) : nil }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            port > 0
        else {
            return nil
        }
        let address = String(text[..<colon])
        guard address.allSatisfy({ $0.isHexDigit || ".:[]*".contains($0) }) || address == "localhost" else {
            return nil
        }
        return (address == "*" ? "" : address, port)
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }.filter {
            $0.first != "#"
        }
    }

    private static func found(
        _ text: some StringProtocol,
        _ program: String,
        _ path: String
    ) -> ListeningPort? {
        endpoint(text).map {
            ListeningPort(port: $0.port, address: $0.address, program: program, evidence: path)
        }
    }

    private static func nginx(_ text: String, _ path: String) -> [ListeningPort] {
        lines(text).flatMap { line in
            line.split(whereSeparator: { $0 == ";" || $0 == "{" }).compactMap { statement -> ListeningPort? in
                let words = statement.split(whereSeparator: \.isWhitespace)
                guard words.first == "listen", words.count > 1 else { return nil }
                return found(words[1], "nginx", path)
            }
        }
    }

    private static func apache(_ text: String, _ path: String) -> [ListeningPort] {
        lines(text).compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count > 1, words[0].lowercased() == "listen" else { return nil }
            return found(words[1], "apache2", path)
        }
    }

    private static func haproxy(_ text: String, _ path: String) -> [ListeningPort] {
        lines(text).flatMap { line -> [ListeningPort] in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count > 1, words[0] == "bind" else { return [] }
            return words[1].split(separator: ",").compactMap { found($0, "haproxy", path) }
        }
    }

    /// `Port 22`, `port = 5432`.
    private static func keyed(
        _ text: String,
        _ path: String,
        _ key: String,
        _ program: String
    ) -> [ListeningPort] {
        lines(text).compactMap { line in
            let words = line.split { $0.isWhitespace || $0 == "=" }
            guard words.count > 1, words[0].lowercased() == key else { return nil }
            return found(words[1], program, path)
        }
    }

    private static func socket(_ bytes: [UInt8], _ path: String) -> [ListeningPort] {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return UnitFile(bytes).words("Socket", "ListenStream").compactMap { found($0, name, path) }
    }

    /// What a command line says that its program listens on: `--port 8000`, `-b 0.0.0.0:8000`, `:8080`.
    package static func ports(ofCommand words: [String], unit: String, file: String) -> [ListeningPort] {
        let options: Set<String> = [
            "-p", "--port", "-b", "--bind", "--listen", "--addr", "--address", "--http-port", "-l",
        ]
        var ports: [ListeningPort] = []
        for (place, word) in words.enumerated() where place > 0 {
            let parts = word.split(separator: "=", maxSplits: 1)
            if parts.count == 2, options.contains(String(parts[0])) || parts[0].hasSuffix(".port") {
                ports += [found(parts[1], unit, file)].compactMap(\.self)
            } else if options.contains(words[place - 1]) {
                ports += [found(word, unit, file)].compactMap(\.self)
            } else if word.contains(":"), !word.contains("/"), let port = found(word, unit, file) {
                ports.append(port)
            }
        }
        return ports
    }
}

/// `/proc/net/tcp` and `tcp6` (proc(5)).
package enum ProcNetReader {
    /// Ports in the state LISTEN, with the socket's inode.
    package static func listening(
        _ bytes: [UInt8],
        isSix: Bool
    ) -> [(address: String, port: UInt16, inode: UInt64)] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().compactMap { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count > 9, words[3] == "0A", let inode = UInt64(words[9]) else { return nil }
            let parts = words[1].split(separator: ":")
            guard parts.count == 2, let port = UInt16(parts[1], radix: 16), port > 0 else { return nil }
            return (isSix ? six(parts[0]) : four(parts[0]), port, inode)
        }
    }

    private static func four(_ hex: Substring) -> String {
        guard let value = UInt32(hex, radix: 16) else { return "" }
        return [value & 255, value >> 8 & 255, value >> 16 & 255, value >> 24].map { String($0) }.joined(
            separator: "."
        )
    }

    private static func six(_ hex: Substring) -> String {
        if hex.allSatisfy({ $0 == "0" }) { return "[::]" }
        return hex == "00000000000000000000000001000000" ? "[::1]" : "[\(hex.lowercased())]"
    }
}
