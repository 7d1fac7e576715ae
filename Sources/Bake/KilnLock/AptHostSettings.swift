import KilnSystem
import SystemPackage

/// What of the machine's apt settings is passed on: how to reach the archives, and nothing of what is trusted.
struct AptHostSettings: Sendable, Hashable {
    /// `Acquire::<scheme>::Proxy` and `Acquire::<scheme>::Proxy::<host>` with their values, by name.
    var proxies: [String: String] = [:]
    var credentialFile: FilePath
    var credentialDirectory: FilePath

    /// `dump` holds lines of a setting's full name and its value, split by a space.
    init(dump: String, etc: FilePath) {
        var values: [String: String] = [:]
        for line in dump.split(separator: "\n") {
            guard let space = line.firstIndex(of: " ") else { continue }
            values[String(line[..<space])] = String(line[line.index(after: space)...])
        }
        for (key, value) in values where Self.isProxy(key) && !value.isEmpty { proxies[key] = value }
        let directory = FilePath(values["Dir::Etc::netrcparts"] ?? "auth.conf.d")
        credentialFile = etc.pushing(FilePath(values["Dir::Etc::netrc"] ?? "auth.conf"))
        credentialDirectory = etc.pushing(directory)
    }

    private static func isProxy(_ key: String) -> Bool {
        let parts = key.lowercased().split(separator: ":", omittingEmptySubsequences: true)
        return parts.count >= 3 && parts[0] == "acquire" && ["http", "https", "ftp"].contains(parts[1])
            && parts[2] == "proxy"
    }

    /// The proxy for a URI: the host's own setting, else the scheme's; `DIRECT` means none.
    func proxy(scheme: String, host: String) -> String? {
        let general = "Acquire::\(scheme)::Proxy"
        return value("\(general)::\(host)") ?? value(general) ?? (scheme == "https" ? httpProxy(host) : nil)
    }

    /// apt uses the http proxy for https when that has none of its own.
    private func httpProxy(_ host: String) -> String? {
        value("Acquire::http::Proxy::\(host)") ?? value("Acquire::http::Proxy")
    }

    private func value(_ key: String) -> String? {
        proxies.first { $0.key.lowercased() == key.lowercased() }?.value
    }

    /// As lines of an apt configuration file.
    var configuration: [String] {
        proxies.sorted { $0.key < $1.key }.map { "\($0.key) \"\($0.value)\";" } + [
            "Dir::Etc::netrc \"\(credentialFile)\";",
            "Dir::Etc::netrcparts \"\(credentialDirectory)\";",
        ]
    }
}

/// `%xx` in URLs and in apt's output.
enum PercentEncoding {
    static func decode(_ text: String) -> String {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == 0x25, digits.count == 2,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                result.append(value)
                rest.removeFirst(2)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// A pool path as part of a URL: letters, digits and `-._~/` stand as they are.
    static func encode(path: String) -> String {
        var result = ""
        for byte in path.utf8 {
            if PackageSyntax.isAlphanumeric(byte) || "-._~/".utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return result
    }
}
