import KilnDiagnostics

/// A check as read, before its port is looked up.
struct CheckDraft: Sendable {
    struct HTTP: Sendable {
        var port: PortReference?
        var path = "/"
        var status = 200
        var contains: String?
    }

    struct TCP: Sendable {
        var port: PortReference?
    }

    struct File: Sendable {
        var path = ""
        var exists = true
        var mode: UInt32?
    }

    var http: HTTP?
    var tcp: TCP?
    var run: [String]?
    var file: File?
    var status = 0
    var contains: String?
    var timeout = Duration.seconds(10)
    var span: SourceSpan?
    var path: FieldPath = []

    /// The key that names the port, and the port as written; nil when none is asked.
    var port: (key: String, reference: PortReference?)? {
        if let http { return ("http", http.port) }
        if let tcp { return ("tcp", tcp.port) }
        return nil
    }

    /// The check with its port looked up; nil when there is no such port, or nothing to ask.
    func resolved(_ number: (PortReference?) -> UInt16?) -> CheckDefinition? {
        question(number).map { CheckDefinition($0, timeout: timeout, span: span) }
    }

    private func question(_ number: (PortReference?) -> UInt16?) -> CheckDefinition.Question? {
        if let http {
            return number(http.port).map {
                .http(port: $0, path: http.path, status: http.status, contains: http.contains)
            }
        }
        if let tcp { return number(tcp.port).map { .tcp(port: $0) } }
        if let run { return .run(run, status: status, contains: contains) }
        return file.map { .file(path: $0.path, exists: $0.exists, mode: $0.mode) }
    }
}
