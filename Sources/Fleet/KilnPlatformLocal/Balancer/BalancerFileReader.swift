/// Reads back what only a configuration file remembers, the servers and how they are checked; nil when it is not one that Kiln
/// wrote. Listeners come from the fleet's settings.
package enum BalancerFileReader {
    package static func read(_ text: String) -> BalancerConfig? {
        var config = BalancerConfig()
        var backend: String?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch words.first {
            case "backend":
                guard let name = words.last, BalancerConfig.Backend.isName(name) else { return nil }
                backend = name
            case "bind":
                guard words.count > 1, endpoint(words[1]) != nil else { return nil }
            case "timeout" where words.dropFirst().first == "check":
                guard let timeout = words.last.flatMap(milliseconds) else { return nil }
                config.checkTimeoutMilliseconds = timeout
            case "http-check" where words.dropFirst().first == "send":
                guard let path = path(line) else { return nil }
                config.check = .http(path: path)
            case "server":
                guard let backend, let server = server(Array(words.dropFirst()), backend) else { return nil }
                config.set(server)
            default: continue
            }
        }
        return backend == nil ? nil : config
    }

    /// Who is in the file with what part of the requests, 0 to 100, also in a file that was edited.
    package static func shares(_ text: String) -> [String: Int] {
        var shares: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2, words[0] == "server", let key = words.lastIndex(of: "weight"),
                key + 1 < words.count, let weight = Int(words[key + 1])
            else { continue }
            shares[String(words[1])] = min(max(0, weight), 100)
        }
        return shares
    }

    private static func server(_ words: [String], _ backend: String) -> BalancerConfig.Server? {
        guard words.count == 13, let (address, port) = endpoint(words[1]), let checkPort = UInt16(words[4]),
            let interval = milliseconds(words[6]), let rise = Int(words[8]), let fall = Int(words[10]),
            let weight = Int(words[12])
        else { return nil }
        return BalancerConfig.Server(
            id: ServerID(words[0], in: backend),
            address: address,
            port: port,
            check: .init(port: checkPort, intervalMilliseconds: interval, rise: rise, fall: fall),
            weight: weight
        )
    }

    static func endpoint(_ text: String) -> (address: String, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        return (String(text[..<colon]), port)
    }

    private static func milliseconds(_ text: String) -> Int? {
        text.hasSuffix("ms") ? Int(text.dropLast(2)) : nil
    }

    /// What stands after `uri`, without its quotes.
    private static func path(_ line: Substring) -> String? {
        guard let start = line.firstRange(of: " uri '"), let end = line.ranges(of: "' ver ").last else {
            return nil
        }
        return String(line[start.upperBound..<end.lowerBound]).replacing(#"'\''"#, with: "'")
    }
}
