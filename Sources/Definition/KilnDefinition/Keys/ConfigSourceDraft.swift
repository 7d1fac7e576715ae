import KilnDiagnostics
import SystemPackage

/// A source of configuration as read.
struct ConfigSourceDraft: Sendable {
    var store: String?
    var etcd: String?
    var prefix: String?
    var key: String?
    var target: String?
    var owner = "root"
    var mode: UInt32?
    var ca: FilePath?
    var certificate: FilePath?
    var privateKey: FilePath?
    var user: String?
    var passwordFile: FilePath?
    var span: SourceSpan?

    /// nil where the keys do not go together, which is told elsewhere.
    var source: ConfigSource? {
        let use: ConfigSource.Use = key.map { .file(key: $0) } ?? .variables(prefix: prefix ?? "")
        guard let place = place else { return nil }
        return ConfigSource(
            store: place,
            use: use,
            target: target ?? "",
            owner: owner,
            mode: mode,
            span: span
        )
    }

    private var place: ConfigSource.Store? {
        if let store { return .own(path: store) }
        guard let etcd else { return nil }
        var endpoint = EtcdEndpoint(url: etcd)
        endpoint.authority = ca
        endpoint.certificate = certificate
        endpoint.privateKey = privateKey
        endpoint.user = user
        endpoint.passwordFile = passwordFile
        return .etcd(endpoint)
    }
}
