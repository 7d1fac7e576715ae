package import KilnDiagnostics
package import SystemPackage

/// Where a release takes configuration from besides the definition, when it is made.
package struct ConfigSource: Sendable, Hashable {
    package enum Store: Sendable, Hashable {
        /// Kiln's own, on this machine: what is below a path.
        case own(path: String)
        case etcd(EtcdEndpoint)
    }

    package enum Use: Sendable, Hashable {
        /// All keys with this beginning, as variables.
        case variables(prefix: String)
        /// One key, as a file.
        case file(key: String)
    }

    package var store: Store
    package var use: Use
    /// Absolute inside the instance; for a file.
    package var target: String
    package var owner: String
    package var mode: UInt32?
    package var span: SourceSpan?

    package init(
        store: Store,
        use: Use,
        target: String = "",
        owner: String = "root",
        mode: UInt32? = nil,
        span: SourceSpan? = nil
    ) {
        self.store = store
        self.use = use
        self.target = target
        self.owner = owner
        self.mode = mode
        self.span = span
    }
}

/// How an etcd server is reached (API version 3, by its JSON gateway).
package struct EtcdEndpoint: Sendable, Hashable {
    /// `http://` or `https://`, host and port, without a path.
    package var url: String
    /// Files of this machine, absolute or beside the definition: who may have signed the server's certificate, and the client's
    /// own.
    package var authority: FilePath?
    package var certificate: FilePath?
    package var privateKey: FilePath?
    package var user: String?
    package var passwordFile: FilePath?

    package init(url: String) {
        self.url = url
    }
}
