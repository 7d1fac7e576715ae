import KilnSystem
import SystemPackage

/// Hands secrets to one container. They are written to a file system in memory that is never swapped (ramfs), mounted in a
/// mount namespace that only the container's runtime has: no path of the machine ever leads to them, and they are gone
/// with the runtime, however it ends. They come to it by standard input, never as an argument or a variable.
struct SecretMount: Sendable {
    /// An empty folder of this run's own.
    let folder: FilePath
    let secrets: [SecretValue]

    /// nil for none. `bundle` is the container's.
    static func make(_ secrets: [SecretValue], in bundle: FilePath) throws -> SecretMount? {
        guard !secrets.isEmpty else { return nil }
        let mount = SecretMount(folder: bundle.appending("secrets"), secrets: secrets)
        try Files.createDirectory(mount.folder, mode: 0o700)
        return mount
    }

    /// Where a container sees them.
    static let target = "/run/secrets"

    var binds: [BakeContainer.Bind] {
        secrets.map { .init(source: folder.appending($0.name), target: Self.target + "/" + $0.name) }
    }

    /// There once the secrets are, right before the command takes over. The container cannot make it.
    private var mark: FilePath { folder.removingLastComponent().appending("secrets-ready") }

    /// Whether it came to the command: what failed before was not the command's doing.
    var wereHandedOver: Bool { Files.exists(mark) }

    /// The command in a mount namespace where the folder holds the secrets.
    func around(_ invocation: ToolInvocation) throws -> ToolInvocation {
        guard !secrets.isEmpty else { return invocation }
        // Behind a shell its absence would look like a status of the command's own.
        guard let program = ExecutableSearch.find(invocation.executable) else {
            throw ToolError(invocation: invocation, reason: .notFound)
        }
        var outer = invocation
        outer.executable = "unshare"
        outer.arguments =
            ["--mount", "--propagation", "private", "--", "/bin/sh", "-c", Self.script, "sh"]
            + [folder.string, mark.string] + secrets.map(\.name)
            + ["--", program.string] + invocation.arguments
        outer.input = secrets.flatMap { Array(Base64.encode($0.bytes).utf8) + [10] }
        for variable in secrets.compactMap(\.variable) {
            outer.environment.updateValue(nil, forKey: variable)
        }
        return outer
    }

    /// `read` and `printf` are the shell's own, so that no value is an argument of a process.
    private static let script = """
        set -e
        umask 077
        mount -t ramfs -o mode=0700 kiln-secrets "$1"
        folder=$1 mark=$2
        shift 2
        while [ "$1" != -- ]; do
            IFS= read -r value
            printf %s "$value" | base64 -d > "$folder/$1"
            chmod 0400 "$folder/$1"
            shift
        done
        shift
        : > "$mark"
        exec "$@" < /dev/null
        """
}

/// RFC 4648, section 4.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[start + $1]) : 0) }
            let digits = [18, 12, 6, 0].map { letters[bits >> $0 & 63] }
            text += digits.prefix(group.count + 1)
            text += [UInt8](repeating: 61, count: 3 - group.count)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
