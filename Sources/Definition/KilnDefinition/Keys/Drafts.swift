import SystemPackage

/// An image as read, before its health's port name is looked up among its ports.
struct ImageDraft: Sendable {
    var image = ImageDefinition(origin: .scratch)
    var health: HealthDraft?
    var checks: [CheckDraft] = []
}

struct HealthDraft: Sendable {
    struct HTTP: Sendable {
        var port = PortReference.number(0)
        var path = "/"
    }

    struct TCP: Sendable {
        var port = PortReference.number(0)
    }

    var http: HTTP?
    var tcp: TCP?
    var command: [String]?
    /// Holds the defaults; its probe means nothing.
    var timing = HealthDefinition(probe: .command([]))

    /// The port that is asked, and the key that names it.
    var port: (key: String, reference: PortReference)? {
        if let http { return ("http", http.port) }
        if let tcp { return ("tcp", tcp.port) }
        return nil
    }

    /// The health with its port looked up; nil when there is no such port, or nothing to ask.
    func resolved(_ number: (PortReference) -> UInt16?) -> HealthDefinition? {
        var health = timing
        if let http {
            guard let port = number(http.port) else { return nil }
            health.probe = .http(port: port, path: http.path)
        } else if let tcp {
            guard let port = number(tcp.port) else { return nil }
            health.probe = .tcp(port: port)
        } else {
            guard let command else { return nil }
            health.probe = .command(command)
        }
        return health
    }
}

struct StateDraft: Sendable {
    var path = ""
    var volume: String?
    var access = StateDefinition.Access.shared
    var tmpfs: Int64?

    var state: StateDefinition? {
        if let volume { return StateDefinition(path: path, kind: .volume(volume, access)) }
        return tmpfs.map { StateDefinition(path: path, kind: .tmpfs(size: $0)) }
    }
}
