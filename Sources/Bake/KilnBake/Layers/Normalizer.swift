import KilnArchive
import KilnLock
import KilnSystem

/// Takes out of a fresh layer what would differ from one bake to the next, or what only the bake itself needed.
struct Normalizer: Sendable {
    let name: String
    /// Moves when what the normalizer does to a tree does.
    let version: Int
    let reason: String
    let apply: @Sendable (LayerTree, LayerEpochs) throws -> Void

    /// All names and versions: part of the cache key of every layer that they work on.
    static let behaviours = all.map { BehaviourVersion($0.name, $0.version) }

    static func normalize(_ tree: LayerTree, _ epochs: LayerEpochs) throws {
        for normalizer in all { try normalizer.apply(tree, epochs) }
    }

    static let all = [
        removing(
            "apt-caches",
            2,
            "binary caches hold pointers and times; an image installs nothing later",
            ["var/cache/apt/pkgcache.bin", "var/cache/apt/srcpkgcache.bin"],
            contentsOf: ["var/cache/apt/archives", "var/lib/apt/lists"]
        ),
        removing(
            "ldconfig-cache",
            2,
            "aux-cache records inodes and times",
            ["var/cache/ldconfig/aux-cache"]
        ),
        removing(
            "install-logs",
            2,
            "logs of the bake tell its time, and belong to its output",
            [
                "var/log/alternatives.log", "var/log/bootstrap.log", "var/log/dpkg.log",
                "var/log/fontconfig.log",
            ],
            contentsOf: ["var/log/apt"]
        ),
        Normalizer(name: "logs", version: 1, reason: "what else was logged while baking") { tree, _ in
            for path in try tree.files(below: "var/log") where tree.facts(path)?.kind == .file {
                if let size = tree.facts(path)?.size, size > 0 { try tree.rewrite(path, "") }
            }
        },
        Normalizer(name: "dpkg-backups", version: 2, reason: "the state before the last package") { tree, _ in
            for folder in ["var/lib/dpkg", "var/cache/debconf"] {
                for name in try tree.names(in: folder) where name.hasSuffix("-old") {
                    try tree.remove(folder + "/" + name)
                }
            }
        },
        removing(
            "account-backups",
            2,
            "what useradd and its kind keep of the files before",
            ["passwd", "group", "shadow", "gshadow", "subuid", "subgid"].map { "etc/" + $0 + "-" },
            contentsOf: ["var/backups"]
        ),
        Normalizer(name: "shadow-days", version: 4, reason: "the day of the bake as a password's age") {
            tree,
            epochs in
            guard let text = try tree.text("etc/shadow") else { return }
            let before = tree.below.content(of: "etc/shadow").map { String(decoding: $0, as: UTF8.self) }
            let clamped = ShadowDays.clamp(text, to: epochs.newest, made: epochs.made, keeping: before ?? "")
            if clamped != text { try tree.rewrite("etc/shadow", clamped) }
        },
        Normalizer(
            name: "java-trust-store",
            version: 2,
            reason: "the moment of the bake in each certificate's entry"
        ) {
            tree,
            epochs in
            guard let bytes = try tree.bytes(JavaKeyStore.trustStore) else { return }
            let clamped = JavaKeyStore.clampDates(of: bytes, to: epochs.own, made: epochs.made)
            guard let clamped else { return }
            if clamped != bytes { try tree.rewrite(JavaKeyStore.trustStore, clamped) }
        },
        Normalizer(name: "machine-id", version: 2, reason: "each instance is a machine of its own") {
            tree,
            _ in
            try tree.rewrite("etc/machine-id", "")
            try tree.remove("var/lib/dbus/machine-id")
        },
        removing(
            "random-seeds",
            2,
            "randomness that all instances would share",
            ["var/lib/systemd/random-seed", "var/lib/urandom/random-seed"]
        ),
        Normalizer(name: "ssh-host-keys", version: 1, reason: "each instance is a host of its own") {
            tree,
            _ in
            for name in try tree.names(in: "etc/ssh") where name.hasPrefix("ssh_host_") {
                try tree.remove("etc/ssh/" + name)
            }
        },
        removing(
            "munge-key",
            1,
            "the secret by which a cluster's machines trust one another, which everybody who has the image would hold",
            ["etc/munge/munge.key"]
        ),
        Normalizer(
            name: "snakeoil",
            version: 1,
            reason: "ssl-cert's key for this machine, which everybody who has the image would hold"
        ) { tree, _ in
            let certificate = "ssl-cert-snakeoil.pem"
            try tree.remove("etc/ssl/private/ssl-cert-snakeoil.key")
            try tree.remove("etc/ssl/certs/" + certificate)
            // The name by which the certificate is found goes with it: a hash of its subject.
            for name in try tree.names(in: "etc/ssl/certs") {
                let target = try tree.linkTarget("etc/ssl/certs/" + name)
                if target == certificate || target == "/etc/ssl/certs/" + certificate {
                    try tree.remove("etc/ssl/certs/" + name)
                }
            }
        },
        removing(
            "indexes-with-times",
            2,
            "indexes that record when they were made; their tools do without",
            [],
            contentsOf: ["var/cache/man", "var/lib/systemd/catalog"]
        ),
        removing(
            "scratch",
            2,
            "what programs leave behind in passing, under names of chance",
            [],
            childrenOf: ["tmp", "var/tmp", "run"]
        ),
        Normalizer(
            name: "byte-code",
            version: 3,
            reason: "python's byte code names its source's time, which the layer gives as its epoch"
        ) { tree, epochs in
            try tree.rewriteFiles(named: ".pyc") { path, module in
                // A source of a layer below keeps the time that it has there. One that is nowhere was deleted.
                if let source = ByteCode.source(of: path), try tree.showsFromBelow(source) { return nil }
                return ByteCode.settled(module, epochs)
            }
        },
        // The last one, after all that takes something out of a folder.
        Normalizer(name: "folder-times", version: 1, reason: "when something last came or went in a folder") {
            try $0.setFolderTimes($1.own)
        },
    ]

    /// `contents`: folders that stay, with their own folders, without any file. `children`: folders that stay, empty.
    private static func removing(
        _ name: String,
        _ version: Int,
        _ reason: String,
        _ paths: [String],
        contentsOf folders: [String] = [],
        childrenOf emptied: [String] = []
    ) -> Normalizer {
        Normalizer(name: name, version: version, reason: reason) { tree, _ in
            for path in paths { try tree.remove(path) }
            for folder in folders {
                for path in try tree.files(below: folder) { try tree.remove(path) }
            }
            for folder in emptied {
                for name in try tree.names(in: folder) { try tree.remove(folder + "/" + name) }
            }
        }
    }
}
