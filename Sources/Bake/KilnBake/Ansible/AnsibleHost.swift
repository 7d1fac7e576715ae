import KilnOCI
import KilnSystem
import SystemPackage

/// The machine's own ansible, made to run inside the sandbox: its programs and libraries appear there read-only, under a
/// path of their own, and the machine's loader starts its python with the machine's libraries. The tasks' modules run with
/// the image's python.
struct AnsibleHost: Sendable {
    /// The machine's `/usr` in the sandbox; nothing else of the machine is to be seen.
    static let folder = BakeContainer.folder + "/host/usr"
    static let program: FilePath = "/usr/bin/ansible-playbook"

    #if arch(arm64)
    private static let libraries = "lib/aarch64-linux-gnu"
    private static let loader = "ld-linux-aarch64.so.1"
    #else
    private static let libraries = "lib/x86_64-linux-gnu"
    private static let loader = "ld-linux-x86-64.so.2"
    #endif

    static var isThere: Bool {
        [program, "/usr/bin/python3", FilePath("/usr/\(libraries)/\(loader)")].allSatisfy {
            Files.facts($0, followingSymlinks: true)?.kind == .file
        }
    }

    /// Which modules do the tasks, since others may do them otherwise: ansible's version, `2.14.18`, and where there are
    /// collections a digest of theirs. nil where there is no ansible that tells.
    static var identity: String? { identity(in: "/usr/lib/python3/dist-packages") }

    /// `folder` is where the machine's python finds its packages.
    static func identity(in folder: FilePath) -> String? {
        let text = (try? Files.readText(folder.pushing("ansible/release.py"), limit: 1 << 16)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("__version__") }
        guard let version = line?.split(whereSeparator: { $0 == "'" || $0 == "\"" }).dropFirst().first else {
            return nil
        }
        let collections = collections(in: folder.appending("ansible_collections"))
        guard !collections.isEmpty else { return String(version) }
        let sum: Digest = Digest(of: collections.joined(separator: "\n"))
        return "\(version)+\(sum.short)"
    }

    /// `NAMESPACE.NAME DIGEST` of each, sorted: the manifest of a collection names its version and the sum of its files, and
    /// one from a checkout has its description instead.
    private static func collections(in folder: FilePath) -> [String] {
        func names(_ folder: FilePath) -> [String] { ((try? Files.list(folder)) ?? []).sorted() }
        return names(folder).flatMap { namespace in
            names(folder.appending(namespace)).compactMap { name in
                let collection = folder.appending(namespace).appending(name)
                guard Files.facts(collection, followingSymlinks: true)?.kind == .directory else { return nil }
                let described = ["MANIFEST.json", "galaxy.yml"].lazy
                    .compactMap { try? Files.read(collection.appending($0), limit: 1 << 20) }.first
                let sum = Digest(of: described ?? [])
                return "\(namespace).\(name) \(sum)"
            }
        }
    }

    static let bind = BakeContainer.Bind(source: "/usr", target: folder)

    /// `--library-path` counts for this one program: what it starts takes the image's libraries.
    static func command(_ arguments: [String]) -> [String] {
        let libraries = "\(folder)/\(Self.libraries)"
        return [
            "\(libraries)/\(loader)", "--library-path", libraries, "\(folder)/bin/python3",
            "\(folder)/bin/ansible-playbook",
        ] + arguments
    }

    /// Nothing of it stays in the layer, and nothing of it differs from run to run but what tasks do themselves.
    static func environment(hasLocale: Bool) -> [String: String] {
        var variables = [
            "ANSIBLE_HOME": "/tmp/ansible", "ANSIBLE_LOCAL_TEMP": "/tmp/ansible/local",
            "ANSIBLE_REMOTE_TEMP": "/tmp/ansible/remote",
            "ANSIBLE_NOCOLOR": "1", "ANSIBLE_SHOW_TASK_PATH_ON_FAILURE": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0", "ANSIBLE_BECOME_METHOD": "su",
            "ANSIBLE_DEPRECATION_WARNINGS": "0", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1",
            // The machine's cryptography wants the modules of the machine's OpenSSL.
            "OPENSSL_MODULES": "\(folder)/\(libraries)/ossl-modules",
        ]
        // Ansible refuses to run without the locale that LANG names.
        if !hasLocale { variables["LOCPATH"] = folder + "/lib/locale" }
        return variables
    }
}
