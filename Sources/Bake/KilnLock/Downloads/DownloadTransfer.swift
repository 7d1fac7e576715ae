import KilnOCI
import KilnSystem
import SystemPackage

/// One URL into one file, by one curl. A login comes from the machine and goes through standard input alone.
struct DownloadTransfer {
    /// Nobody downloads more for an image.
    static let mostBytes: Int64 = 32 << 30

    let url: String
    let file: FilePath
    /// Names it in curl's report.
    let id: Digest
    /// What it must be; nil where nobody knows, and then nothing of an earlier try is gone on with.
    let size: Int64?
    var settings: AptHostSettings?
    /// A registry's own login, in place of one of the machine's.
    var header: String?

    var limit: Int64 { size ?? Self.mostBytes }

    var invocation: ToolInvocation {
        ToolInvocation(
            "curl",
            ["--disable", "--config", "-"],
            environment: ["LC_ALL": "C"],
            input: Array((lines.joined(separator: "\n") + "\n").utf8)
        )
    }

    private var lines: [String] {
        let isSecure = url.hasPrefix("https:")
        var lines = [
            "url = \(CurlText.quoted(url))",
            "output = \(CurlText.quoted(file.string))",
            "no-progress-meter",
            "fail",
            "location",
            "max-redirs = 10",
            "globoff",
            "path-as-is",
            "netrc-optional",
            "proto = \"=http,https\"",
            // From a safe connection to no other; never to a file of the machine.
            "proto-redir = \"\(isSecure ? "=https" : "=http,https")\"",
            "retry = 2",
            "connect-timeout = 20",
            "speed-limit = 1",
            "speed-time = 30",
            "max-filesize = \(limit)",
            "write-out = \"\(id.hex) %{http_code} %{exitcode} %{errormsg}\\n\"",
        ]
        if size != nil { lines.append("continue-at = -") }
        if let header { lines.append("header = \(CurlText.quoted(header))") }
        guard let settings else { return lines }
        if let login = AptCredentials(settings).login(for: url) {
            lines.append("user = \(CurlText.quoted(login))")
        }
        switch settings.proxy(for: url) {
        case "DIRECT": lines.append("noproxy = \"*\"")
        case let proxy?: lines.append("proxy = \(CurlText.quoted(proxy))")
        case nil: break
        }
        return lines
    }
}
