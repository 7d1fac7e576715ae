package import KilnDefinition
import KilnDiagnostics
package import KilnOCI
import KilnRegistry
package import KilnSystem
package import SystemPackage

/// What a fleet's stores said, once.
package struct ResolvedConfig: Sendable, Hashable {
    /// A key's value that becomes a file; its owner is looked up in the image.
    package struct File: Sendable, Hashable {
        package let definition: FileDefinition
        package let content: [UInt8]
    }

    package var env: [String: String] = [:]
    package var files: [File] = []
    package var origins: [ConfigOrigin] = []

    package static let none = ResolvedConfig()

    package init() {}

    /// Of all values and where they go.
    package func digest() throws -> Digest {
        let files = Dictionary(files.map { ($0.definition.target, Digest(of: $0.content)) }) { $1 }
        return Digest(
            of: try CanonicalJSON.encode([
                Digest(of: try CanonicalJSON.encode(env)),
                Digest(of: try CanonicalJSON.encode(files)),
            ])
        )
    }
}

/// Asks the stores that a fleet's configuration comes from.
package struct ConfigResolver: Sendable {
    private let store: any ConfigStore
    private let etcd: EtcdClient

    /// Most bytes of one value.
    static let valueLimit = 1 << 20

    package init(store: any ConfigStore, home: KilnHome, runner: ToolRunner = ToolRunner()) {
        self.store = store
        etcd = EtcdClient(transport: CurlTransport(scratch: home.scratch, runner: runner))
    }

    /// `directory` is where the files of certificates and passwords are looked for, unless they are absolute.
    package func resolve(_ config: ConfigDefinition, directory: FilePath) async throws -> ResolvedConfig {
        var resolved = ResolvedConfig()
        for source in config.sources {
            let snapshot = try await snapshot(of: source, directory)
            switch source.use {
            case .variables:
                if let secret = snapshot.secrets.min() { throw isSecret(secret, source) }
                if case .etcd = source.store, snapshot.values.isEmpty { throw empty(source) }
                var keys: [String: String] = [:]
                for (key, value) in snapshot.values.sorted(by: { $0.key < $1.key }) {
                    let (name, text) = try variable(key, value, source)
                    if let other = keys.updateValue(key, forKey: name) {
                        throw refused(
                            key,
                            source,
                            "\(ShownText.line(other)) becomes the variable \(name) too"
                        )
                    }
                    resolved.env[name] = text
                }
            case .file(let key):
                if snapshot.secrets.contains(key) { throw isSecret(key, source) }
                guard let content = snapshot.values[key] else { throw missing(key, source) }
                var definition = FileDefinition(
                    source: FilePath(key),
                    target: source.target,
                    owner: source.owner,
                    mode: source.mode
                )
                definition.span = source.span
                resolved.files.append(.init(definition: definition, content: content))
            }
            let origin = ConfigOrigin(place: source.title, version: snapshot.version)
            if !resolved.origins.contains(origin) { resolved.origins.append(origin) }
        }
        return resolved
    }

    private func snapshot(of source: ConfigSource, _ directory: FilePath) async throws -> ConfigSnapshot {
        switch (source.store, source.use) {
        case (.own(let path), _): return try await store.snapshot(of: path)
        case (.etcd(let endpoint), .variables(let prefix)):
            return try await etcd.snapshot(of: .prefix(prefix), at: endpoint, directory)
        case (.etcd(let endpoint), .file(let key)):
            return try await etcd.snapshot(of: .key(key), at: endpoint, directory)
        }
    }

    /// The value itself stays out of every message.
    private func variable(
        _ key: String,
        _ value: [UInt8],
        _ source: ConfigSource
    ) throws -> (String, String) {
        guard let name = ConfigName.variable(key) else {
            throw refused(key, source, "its name becomes no variable")
        }
        guard let text = String(validating: value, as: UTF8.self), !value.contains(0) else {
            throw refused(key, source, "its value is no text, so it cannot be a variable")
        }
        return (name, text)
    }

    private func empty(_ source: ConfigSource) -> FleetError {
        FleetError(
            .config,
            "\(source.title) has no keys",
            at: source.span,
            causes: ["a release would be made without any of its configuration"],
            hint: "see whether the prefix is right: etcdctl get --prefix --keys-only",
            status: .usage
        )
    }

    private func missing(_ key: String, _ source: ConfigSource) -> FleetError {
        let hint: String? =
            if case .own(let path) = source.store { "kiln config set \(path) \(key) puts it there" } else {
                nil
            }
        return FleetError(
            .config,
            "\(source.title) has no key \(key)",
            at: source.span,
            hint: hint,
            status: .usage
        )
    }

    /// What is resolved here stays in a release for good.
    private func isSecret(_ key: String, _ source: ConfigSource) -> FleetError {
        FleetError(
            .config,
            "the key \(key) of \(source.title) is a secret, and a release would keep its value",
            at: source.span,
            hint: "let instances read it: secrets: [{name: NAME, from: config:PATH/\(key)}]; "
                + "secrets have a path of their own",
            status: .usage
        )
    }

    private func refused(_ key: String, _ source: ConfigSource, _ cause: String) -> FleetError {
        FleetError(
            .config,
            "the key \(ShownText.line(key)) of \(source.title) cannot be taken",
            at: source.span,
            causes: [cause],
            hint: "take it as a file: key and target",
            status: .usage
        )
    }
}

extension ConfigSource {
    /// Where it is taken from, in words.
    var title: String {
        switch (store, use) {
        case (.own(let path), _): "store \(path)"
        case (.etcd(let endpoint), .variables(let prefix)): "etcd \(endpoint.url) \(prefix)"
        case (.etcd(let endpoint), .file(let key)): "etcd \(endpoint.url) \(key)"
        }
    }
}
