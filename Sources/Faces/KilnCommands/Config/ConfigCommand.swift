import ArgumentParser
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Keep configuration encrypted on this machine, for releases to take.",
        discussion: """
            Values lie in the home's catalog, sealed with the key in config.key of the home, or in the file that \
            KILN_CONFIG_KEY_FILE names. Keep that file apart: no backup holds it, and nothing reads the values without it. A fleet \
            takes them with `config: {from: [{store: PATH}]}`; a changed value is a new release at the next deploy. Secrets are read \
            by instances alone, with `secrets: [{name: NAME, from: config:PATH/KEY}]`; a changed one counts for those that start then.
            """,
        subcommands: [
            ConfigSetCommand.self, ConfigListCommand.self, ConfigGetCommand.self, ConfigHistoryCommand.self,
            ConfigUnsetCommand.self,
        ]
    )
}

/// Where a value stands.
struct ConfigPlaceArguments: ParsableArguments {
    @Argument(help: "The path, such as a fleet's name, or shop/prod.", transform: ConfigPath.read)
    var path: String

    @Argument(help: "The key.", transform: ConfigPath.readKey)
    var key: String
}

enum ConfigPath {
    static func read(_ text: String) throws -> String {
        do {
            return try ConfigName.path(text)
        } catch {
            throw ValidationError("\(error.message)\(error.hint.map { ": \($0)" } ?? "")")
        }
    }

    static func readKey(_ text: String) throws -> String {
        do {
            return try ConfigName.key(text)
        } catch {
            throw ValidationError("\(error.message)\(error.hint.map { ": \($0)" } ?? "")")
        }
    }
}

extension CommandContext {
    /// Kiln's own configuration store.
    func configVault() throws -> ConfigVault {
        ConfigVault(try Catalog(path: home.catalog), keyFile: configKeyFile)
    }

    var configKeyFile: FilePath {
        guard let file = environment["KILN_CONFIG_KEY_FILE"], !file.isEmpty else { return home.configKey }
        return FilePath(file)
    }
}
