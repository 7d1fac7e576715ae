import Glibc
import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import SystemPackage

/// A root of apt's own in which nothing is installed and nothing of the machine counts but how to reach the archives.
///
/// It is kept between runs, so that an update fetches only what changed. One process uses it at a time.
struct AptRoot: Sendable {
    let path: FilePath
    let architecture: String

    struct Settings: Sendable {
        /// The first decides on what goes for all.
        var archives: [AptArchive]
        var host: AptHostSettings
        var architecture: String
        /// How often apt tries a transfer again.
        var retries = 2

        /// One suite at one place may be one archive's only: of two, nobody could say which a package comes from.
        func checkPlaces() throws(LockError) {
            var owners: [String: AptArchive] = [:]
            for archive in archives {
                for source in archive.sources {
                    for component in source.components {
                        let place = "\(source.uri) \(source.suite) \(component)"
                        guard let owner = owners.updateValue(archive, forKey: place),
                            owner.name != archive.name
                        else { continue }
                        throw LockError(
                            .source,
                            "archives \"\(owner.name)\" and \"\(archive.name)\" are the same: both are suite"
                                + " \"\(source.suite)\" (\(component)) at one place",
                            at: archive.definition.span,
                            hint: "leave the suite out of one of them",
                            exitStatus: .usage
                        )
                    }
                }
            }
        }
    }

    /// Prepares the root for the settings and holds it while the body runs.
    static func with<Result>(
        in home: KilnHome,
        _ settings: Settings,
        _ body: (AptRoot) async throws -> Result
    ) async throws -> Result {
        let places = settings.archives.map { archive in
            let hosts = archive.sources.map { "\($0.uri) \($0.suite) \($0.components)" }.joined(
                separator: "\n"
            )
            return "\(hosts)\n\(Digest(of: archive.keyring))"
        }
        let key = Digest(of: "\(settings.architecture)\n\(places.joined(separator: "\n"))").short
        let root = AptRoot(path: home.indexes.appending(key), architecture: settings.architecture)
        try Files.createDirectory(home.indexes)
        return try await FileLock.with(home.indexes.appending(key + ".lock"), onWait: tellWaiting) {
            try root.prepare(settings)
            let result = try await body(root)
            await removeUnused(in: home)
            return result
        }
    }

    /// How long a root is kept that no run prepares again: its archive was edited, or its definition is gone.
    private static let keptUnused: Duration = .seconds(30 * 24 * 3600)

    /// Removes the roots that nobody uses any more. What cannot be removed stays for the next time; the empty files that
    /// are locked stay as well, since one that is removed may be waited for.
    static func removeUnused(in home: KilnHome, now: Int64 = Int64(time(nil))) async {
        for name in (try? Files.list(home.indexes)) ?? [] where !name.hasSuffix(".lock") {
            let path = home.indexes.appending(name)
            guard !isUsed(path, now) else { continue }
            _ = try? await FileLock.tryWith(home.indexes.appending(name + ".lock")) {
                if !isUsed(path, now) { try Files.remove(path) }
            }
        }
    }

    /// The configuration is written by each run that prepares the root.
    private static func isUsed(_ path: FilePath, _ now: Int64) -> Bool {
        let facts = Files.facts(path.appending("apt.conf")) ?? Files.facts(path)
        guard let modified = facts?.modified else { return true }
        return now - modified / 1_000_000_000 < keptUnused.components.seconds
    }

    private static func tellWaiting() {
        Progress.report(
            .diagnostic(
                Diagnostic(.note, code: "lock.waiting", "another kiln uses these indexes: waiting for it")
            )
        )
    }

    func invocation(_ tool: String, _ arguments: [String]) -> ToolInvocation {
        ToolInvocation(
            tool,
            arguments,
            environment: ["APT_CONFIG": path.appending("apt.conf").string, "LC_ALL": "C", "LANGUAGE": nil]
        )
    }

    /// apt_preferences(5): what is in the file when apt solves.
    func setPreferences(_ text: String) throws {
        try Files.write(text, to: path.appending("etc/preferences"))
    }

    private func prepare(_ settings: Settings) throws {
        // A source's URL may hold a password, which apt repeats in what it keeps.
        try Files.createDirectory(path, mode: 0o700)
        guard chmod(path.string, 0o700) == 0 else { throw SystemError.last("protect \(path)") }
        for directory in ["etc", "state/lists/partial", "cache/archives/partial", "log"] {
            try Files.createDirectory(path.pushing(FilePath(directory)))
        }
        try Files.write("", to: path.appending("state/status"))
        for archive in settings.archives { try Files.write(archive.keyring, to: keyring(of: archive)) }
        try Files.write(sourceList(settings), to: path.appending("etc/kiln.sources"), mode: 0o600)
        try setPreferences("")
        let configuration = configuration(settings).joined(separator: "\n") + "\n"
        try Files.write(configuration, to: path.appending("apt.conf"), mode: 0o600)
    }

    /// Each archive is held to its own keys. The name goes by the content: apt refuses two entries of one suite that name
    /// different files, and tells the form of a keyring by its suffix.
    private func keyring(of archive: AptArchive) -> FilePath {
        let isArmoured = archive.keyring.starts(with: "-----BEGIN".utf8)
        let name = "keyring-\(Digest(of: archive.keyring).short)"
        return path.appending("etc").appending(name + (isArmoured ? ".asc" : ".gpg"))
    }

    /// deb822, one paragraph for each suite on each host.
    private func sourceList(_ settings: Settings) -> String {
        settings.archives.flatMap { archive in
            archive.sources.map { source in
                """
                Types: deb
                URIs: \(source.uri)
                Suites: \(source.suite)
                Components: \(source.components.joined(separator: " "))
                Architectures: \(settings.architecture)
                Signed-By: \(keyring(of: archive))

                """
            }
        }.joined(separator: "\n")
    }

    private func configuration(_ settings: Settings) -> [String] {
        let own = [
            "Dir \"\(path)/\";",
            "Dir::State \"state/\";",
            "Dir::State::status \"\(path.appending("state/status"))\";",
            "Dir::Cache \"cache/\";",
            "Dir::Log \"log/\";",
            "Dir::Etc \"etc/\";",
            "Dir::Etc::sourcelist \"kiln.sources\";",
            "Dir::Etc::preferences \"preferences\";",
        ]
        // The machine's own configuration, keys and preferences stay out.
        let none = ["main", "parts", "sourceparts", "preferencesparts", "trusted", "trustedparts"]
            .map { "Dir::Etc::\($0) \"/dev/null\";" }
        let rules = [
            "APT::Architecture \"\(architecture)\";",
            "APT::Architectures { \"\(architecture)\"; };",
            "APT::Install-Recommends \"\(settings.archives.first?.definition.recommends ?? false)\";",
            "APT::Install-Suggests \"false\";",
            // Which machines get a phased update first is decided by a machine's number; a lock is for all of them.
            "APT::Get::Always-Include-Phased-Updates \"true\";",
            "APT::Sandbox::User \"root\";",
            "APT::Cmd::Pattern-Only \"true\";",
            "Acquire::AllowInsecureRepositories \"false\";",
            "Acquire::AllowWeakRepositories \"false\";",
            "Acquire::AllowDowngradeToInsecureRepositories \"false\";",
            // A suite may become oldstable; that it is the right one is checked against its Codename.
            "Acquire::AllowReleaseInfoChange \"true\";",
            "Acquire::Check-Date \"true\";",
            "Acquire::Check-Valid-Until \"true\";",
            "Acquire::ForceHash \"SHA256\";",
            "Acquire::Languages \"none\";",
            "Acquire::PDiffs \"false\";",
            "Acquire::Retries \"\(settings.retries)\";",
            "Acquire::http::Timeout \"30\";",
            "Acquire::https::Timeout \"30\";",
        ]
        return own + none + rules + settings.host.configuration
    }
}
