/// How containers are run.
enum ContainerRules {
    static let all = [writableRoot, hostMount, unboundState, literalConfiguration, privileged]

    private static let kinds: [FileKind] = [.kubernetes, .compose, .ecs, .terraform, .cloudformation, .kiln]

    static let writableRoot = LintRule(
        "IL020",
        "The root file system can be written",
        why:
            "What can be written gets written: by a person, by the program, by an intruder. Then it differs from "
            + "its image, and only until the next restart.",
        remedy:
            "Set readOnlyRootFilesystem (Compose: `read_only: true`), and mount scratch space where the program "
            + "needs some.",
        .warning,
        .core,
        on: kinds
    ) { document, sink in
        for container in document.containers where container.isReadOnly == false {
            let pod = document.kind == .kubernetes ? KubernetesReader.podSpec(document.root) : nil
            let service = document.kind == .compose ? Repair.sealService(container) : nil
            sink.report(
                container.range,
                "the root of \(container.name) is not read-only",
                repair: pod.map { Repair.sealRoot(container, pod: $0) } ?? service
            )
        }
        guard document.kind == .kiln else { return }
        for fleet in document.root["fleets"]?.entries ?? [] {
            guard let entry = fleet.value.entry("writable_root"), entry.value.bool == true else { continue }
            sink.report(entry.keyRange, "the root of \(fleet.key) is not read-only")
        }
    }

    static let hostMount = LintRule(
        "IL021",
        "A folder of the host is mounted, to be written or as code",
        why:
            "The instance then depends on what one machine happens to hold; another machine's replacement is "
            + "another program, or finds no state.",
        remedy:
            "Put code into the image and state into a named volume or a claim; mount what must come from the host "
            + "read-only.",
        .warning,
        .all,
        on: kinds
    ) { document, sink in
        for container in document.containers {
            for mount in container.mounts {
                guard case .host(let path) = mount.origin, !isSocket(path) else { continue }
                if !mount.isReadOnly {
                    sink.report(
                        mount.range,
                        "\(container.name) may write \(path) of the host, as \(mount.target)"
                    )
                } else if document.kind == .compose, isCode(path) {
                    sink.report(
                        mount.range,
                        "\(path) comes from the folder that Compose is run in, not from the image"
                    )
                }
            }
        }
    }

    /// Those have a rule of their own.
    private static func isSocket(_ path: String) -> Bool { path.hasSuffix(".sock") }

    /// A folder of the project; a single file is configuration most of the time.
    private static func isCode(_ path: String) -> Bool {
        if path == "." || path == "./" { return true }
        guard path.hasPrefix("./") || path.hasPrefix("../") else { return false }
        let parts = path.split(separator: "/").map(String.init)
        let code: Set<String> = ["src", "app", "lib", "code", "dist", "build", "public", "www", "html", ".."]
        return parts.last.map { code.contains($0) } ?? false
    }

    static let unboundState = LintRule(
        "IL022",
        "Something is written where nobody has said what becomes of it",
        why:
            "State in a container's own layer, or in a volume without a name, dies with the instance, or lives on "
            + "where no one finds it. Scratch space without a bound takes the node down.",
        remedy:
            "Name it: a claim or a named volume for state, `emptyDir` with a sizeLimit or `tmpfs` for scratch.",
        .warning,
        .core,
        on: kinds
    ) { document, sink in
        for container in document.containers where !container.isInit {
            for mount in container.mounts {
                switch mount.origin {
                case .scratch(isBounded: false):
                    sink.report(
                        mount.range,
                        "\(mount.target) of \(container.name) is scratch without a sizeLimit"
                    )
                case .anonymous:
                    sink.report(
                        mount.range,
                        "\(mount.target) of \(container.name) is a volume without a name"
                    )
                default: break
                }
            }
            guard let image = container.image, let place = StatefulImages.dataFolder(of: image) else {
                continue
            }
            if document.kind == .kubernetes, document.objectKind == "StatefulSet" { continue }
            let isCovered = container.mounts.contains {
                place.hasPrefix($0.target) || $0.target.hasPrefix(place) || place.isEmpty
            }
            if !isCovered {
                sink.report(
                    container.range,
                    "\(container.name) keeps its data in \(place), where no volume is mounted"
                )
            }
        }
    }

    static let literalConfiguration = LintRule(
        "IL024",
        "Configuration or a secret is written into the manifest",
        why:
            "One manifest must serve all environments, and what is secret must not stand in source control. Changed "
            + "here by hand, it is a change to what runs.",
        remedy: "Refer to a ConfigMap or Secret (`valueFrom:`), an env_file or a secret of the platform.",
        .warning,
        .core,
        on: kinds
    ) { document, sink in
        for container in document.containers {
            for variable in container.variables {
                guard let value = variable.value else { continue }
                if SecretNames.isSecret(variable.name, value: value) {
                    sink.report(
                        variable.range,
                        "\(variable.name) looks like a secret, and its value stands here"
                    )
                } else if document.kind != .compose, isOfOneEnvironment(value) {
                    sink.report(variable.range, "\(variable.name) names one environment's \(value)")
                }
            }
        }
        for fleet in document.kind == .kiln ? document.root["fleets"]?.entries ?? [] : [] {
            for variable in fleet.value.at("config", "env")?.entries ?? [] {
                guard let value = variable.value.text, SecretNames.isSecret(variable.key, value: value) else {
                    continue
                }
                sink.report(
                    variable.value.range,
                    "\(variable.key) looks like a secret, and its value stands here"
                )
            }
        }
    }

    /// An address with a host outside of the cluster or pod, or with a password in it.
    private static func isOfOneEnvironment(_ value: String) -> Bool {
        guard let scheme = value.firstRange(of: "://"), !value.contains("$("), !value.contains("${") else {
            return false
        }
        let rest = value[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
        if rest.contains("@") { return true }
        let host = rest.prefix { $0 != ":" }
        if ["localhost", "127.0.0.1", "0.0.0.0", "[", ""].contains(String(host)) { return false }
        // Names within the cluster are the same in each environment.
        let isLocal =
            host.hasSuffix(".svc") || host.hasSuffix(".local") || host.contains(".svc.")
            || !host.contains(".")
        return !isLocal
    }

    static let privileged = LintRule(
        "IL028",
        "The container may change its host",
        why:
            "With the host's devices, or the engine's socket, a container can rewrite every instance on the machine.",
        remedy:
            "Drop `privileged` and `allowPrivilegeEscalation`, and the mount of the engine's socket; ask the "
            + "platform's API for what is needed.",
        .error,
        .all,
        on: kinds
    ) { document, sink in
        for container in document.containers {
            if container.isPrivileged { sink.report(container.range, "\(container.name) is privileged") }
            if let entry = container.node["securityContext"]?.entry("allowPrivilegeEscalation"),
                entry.value.bool == true
            {
                sink.report(entry.keyRange, "\(container.name) may gain privileges")
            }
            for mount in container.mounts {
                guard case .host(let path) = mount.origin, isEngine(path) else { continue }
                sink.report(mount.range, "\(container.name) holds \(path), the engine of its host")
            }
        }
    }

    private static func isEngine(_ path: String) -> Bool {
        ["docker.sock", "containerd.sock", "crio.sock", "podman.sock"].contains { path.hasSuffix($0) }
    }
}

/// Images that are known to keep data, and where.
enum StatefulImages {
    private static let folders: [String: String] = [
        "postgres": "/var/lib/postgresql", "postgis": "/var/lib/postgresql", "mysql": "/var/lib/mysql",
        "mariadb": "/var/lib/mysql", "percona": "/var/lib/mysql", "mongo": "/data/db", "mongodb": "/data/db",
        "elasticsearch": "/usr/share/elasticsearch/data", "opensearch": "/usr/share/opensearch/data",
        "cassandra": "/var/lib/cassandra", "etcd": "/var/lib/etcd", "zookeeper": "/data",
        "kafka": "/var/lib/kafka",
        "rabbitmq": "/var/lib/rabbitmq", "influxdb": "/var/lib/influxdb",
        "clickhouse-server": "/var/lib/clickhouse",
        "couchdb": "/opt/couchdb/data", "neo4j": "/data", "minio": "/data", "cockroach": "/cockroach",
    ]

    /// nil when the image is not known to keep any.
    static func dataFolder(of image: String) -> String? { folders[ImageName(image).short] }
}
