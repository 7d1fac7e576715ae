import KilnOCI
import KilnRegistry
import KilnSystem
import SystemPackage

/// One package from one place into its partial file.
struct Transfer: Sendable, Hashable {
    let package: LockedPackage
    let place: FetchPlace
    /// Continued when it is there.
    let partial: FilePath

    var url: String { place.url(of: package) }
}

/// How a transfer ended, by curl's exit code (libcurl-errors(3)) and the HTTP status.
struct TransferResult: Sendable, Hashable {
    enum Outcome: Sendable, Hashable {
        case complete
        /// The server has no such file.
        case gone
        /// The server cannot continue where the partial file ends.
        case cannotResume
        /// The file is longer than the locked one.
        case tooLong
        case diskFull
        /// The server wants a login, or another one.
        case unauthorized
        case failed
    }

    let sha256: Digest
    let outcome: Outcome
    /// curl's words and the HTTP status.
    let words: String

    /// A line as `CurlBatch` asks for it: `<hex> <HTTP status> <exit code> <message>`.
    init?(line: String) {
        let words = line.split(separator: " ", maxSplits: 3)
        guard words.count >= 3, let sha256 = try? Digest(parsingHex: String(words[0])),
            let status = Int(words[1]), let code = Int(words[2])
        else { return nil }
        // curl holds the length of an error page against the limit before it looks at the status.
        let exit = code == 63 && status >= 400 ? 22 : code
        self.sha256 = sha256
        let message = words.count > 3 ? String(words[3]) : ""
        self.words = exit == 22 ? "the server answers \(status)" : message
        outcome =
            switch (exit, status) {
            case (0, _): .complete
            case (22, 404), (22, 410), (37, _), (78, _): .gone
            case (22, 401), (22, 403): .unauthorized
            case (22, 416), (33, _), (36, _): .cannotResume
            case (63, _): .tooLong
            case (23, _): .diskFull
            default: .failed
            }
    }

    init(sha256: Digest, outcome: Outcome, words: String) {
        self.sha256 = sha256
        self.outcome = outcome
        self.words = words
    }
}

/// What the machine says of how archives are reached.
struct ArchiveAccess: Sendable {
    let settings: AptHostSettings
    let credentials: AptCredentials

    init(settings: AptHostSettings) {
        self.settings = settings
        credentials = AptCredentials(settings)
    }
}

/// Many transfers by one curl, a few at a time over kept connections.
///
/// curl and not apt's own downloader: apt asks for a range only when the partial file still has the server's time, so that
/// after a kill it starts anew. Here the digest decides, and the file goes on where it ends.
struct CurlBatch: Sendable {
    static let atOnce = 4

    let transfers: [Transfer]
    /// For transfers from archives.
    let access: ArchiveAccess?

    /// The settings go through standard input: a login never stands in an argument.
    var invocation: ToolInvocation {
        ToolInvocation(
            "curl",
            ["--disable", "--config", "-"],
            environment: ["LC_ALL": "C"],
            input: Array(configuration.utf8)
        )
    }

    private var configuration: String {
        let general = ["parallel", "parallel-max = \(Self.atOnce)", "no-progress-meter"]
        let each = transfers.map { lines(for: $0).joined(separator: "\n") }
        return general.joined(separator: "\n") + "\n" + each.joined(separator: "\nnext\n") + "\n"
    }

    private func lines(for transfer: Transfer) -> [String] {
        let lines = [
            "url = \(CurlText.quoted(transfer.url))",
            "output = \(CurlText.quoted(transfer.partial.string))",
            "continue-at = -",
            "fail",
            "location",
            "silent",
            "globoff",
            "proto = \"=http,https,file\"",
            "proto-redir = \"=http,https\"",
            "retry = 2",
            "connect-timeout = 20",
            "speed-limit = 1",
            "speed-time = 30",
            "max-filesize = \(transfer.package.size)",
            "write-out = \"\(transfer.package.sha256.hex) %{http_code} %{exitcode} %{errormsg}\\n\"",
        ]
        return lines + login(for: transfer)
    }

    /// Logins and proxies are apt's for archives; those of registries are their own.
    private func login(for transfer: Transfer) -> [String] {
        if case .sources(let repository) = transfer.place {
            return repository.authorization.map { ["header = \(CurlText.quoted("Authorization: " + $0))"] }
                ?? []
        }
        var lines: [String] = []
        if let login = access?.credentials.login(for: transfer.url) {
            lines.append("user = \(CurlText.quoted(login))")
        }
        switch access?.settings.proxy(for: transfer.url) {
        case "DIRECT": lines.append("noproxy = \"*\"")
        case let proxy?: lines.append("proxy = \(CurlText.quoted(proxy))")
        case nil: break
        }
        return lines
    }
}

/// A value in a file of curl's options (curl(1), --config).
enum CurlText {
    static func quoted(_ text: String) -> String {
        let escaped = text.map { character -> String in
            switch character {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n", "\r": ""
            default: String(character)
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}

extension AptHostSettings {
    /// The proxy setting that counts for a URL; nil leaves it to the environment.
    func proxy(for url: String) -> String? {
        guard let separator = url.firstRange(of: "://") else { return nil }
        let host = url[separator.upperBound...].prefix { $0 != "/" && $0 != ":" }
        return proxy(scheme: String(url[..<separator.lowerBound]), host: String(host))
    }
}
