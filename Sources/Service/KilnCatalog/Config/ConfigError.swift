package import KilnDiagnostics
import SystemPackage

/// Why the configuration store gives or takes nothing. No message holds a value.
package struct ConfigError: DiagnosticError, Hashable {
    package enum Code: String, Sendable, Hashable {
        case key = "config.key"
        case wrongKey = "config.wrong-key"
        case tampered = "config.tampered"
        case unknown = "config.unknown"
        case tooLong = "config.too-long"
        case secret = "config.secret"
    }

    package let code: Code
    package let diagnostic: Diagnostic

    package var diagnostics: [Diagnostic] { [diagnostic] }

    private init(
        _ code: Code,
        _ message: String,
        causes: [String] = [],
        hint: String? = nil,
        status: ExitStatus = .failed
    ) {
        self.code = code
        diagnostic = Diagnostic(
            code: code.rawValue,
            message,
            causes: causes,
            hint: hint,
            exitStatus: status
        )
    }

    static func openKey(_ file: FilePath, mode: UInt32) -> ConfigError {
        ConfigError(
            .key,
            "others may read the configuration store's key \(file)",
            causes: ["its mode is 0\(String(mode, radix: 8))"],
            hint: "chmod 600 \(file)"
        )
    }

    static func noKey(_ file: FilePath) -> ConfigError {
        ConfigError(
            .key,
            "\(file) is no key of the configuration store",
            causes: ["a key is 64 hexadecimal digits"],
            hint: "put back the file that was kept apart"
        )
    }

    static func lostKey(_ file: FilePath) -> ConfigError {
        ConfigError(
            .key,
            "the configuration store's key is not there: \(file)",
            hint: "put back the file that was kept apart, or name it: KILN_CONFIG_KEY_FILE; "
                + "without it the values cannot be read by anybody: kiln config unset takes them away, "
                + "and the next one that is set makes a new key"
        )
    }

    static func wrongKey(_ file: FilePath, has: String, wanted: String) -> ConfigError {
        ConfigError(
            .wrongKey,
            "the configuration store was sealed with another key than \(file)",
            causes: ["this one is \(has), and \(wanted) is needed"],
            hint: "put back the file that was kept apart, or name it: KILN_CONFIG_KEY_FILE"
        )
    }

    static func tampered(_ place: ConfigPlace) -> ConfigError {
        ConfigError(
            .tampered,
            "version \(place.version) of \(place.path) \(place.key) in the configuration store is not what was put there",
            hint: "set it again, or restore a backup"
        )
    }

    static func unknown(_ path: String, _ key: String?, version: Int64? = nil) -> ConfigError {
        let what = version.map { "no version \($0) of" } ?? "nothing at"
        return ConfigError(
            .unknown,
            "the configuration store has \(what) \(path)\(key.map { " \($0)" } ?? "")",
            hint:
                "kiln config list shows what it has; kiln config set \(path) \(key ?? "KEY") puts something there",
            status: .usage
        )
    }

    static func secret(_ path: String, _ key: String) -> ConfigError {
        ConfigError(
            .secret,
            "\(path) \(key) is a secret",
            hint: "to print it all the same: kiln config get --reveal \(path) \(key)",
            status: .usage
        )
    }

    static func noSecret(_ path: String, _ key: String, for name: String) -> ConfigError {
        ConfigError(
            .secret,
            "the secret \(name) cannot be read on this machine",
            causes: ["the configuration store has nothing at \(path) \(key)"],
            hint: "put its value there: kiln config set --secret \(path) \(key) --from-file FILE",
            status: .usage
        )
    }

    /// What may have been printed, or lie in a release, is none.
    static func notSecret(_ path: String, _ key: String, for name: String) -> ConfigError {
        ConfigError(
            .secret,
            "the secret \(name) cannot be read on this machine",
            causes: [
                "\(path) \(key) of the configuration store is plain configuration, which releases may hold"
            ],
            hint: "make it a secret, with a value that nobody has seen: "
                + "kiln config set --secret \(path) \(key) --from-file FILE",
            status: .usage
        )
    }

    static func tooLong(_ limit: Int) -> ConfigError {
        ConfigError(.tooLong, "a value has more than \(limit >> 10) KiB", status: .usage)
    }
}
