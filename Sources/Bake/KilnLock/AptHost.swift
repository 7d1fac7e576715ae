package import KilnDefinition
import KilnDiagnostics
package import KilnSystem
package import SystemPackage

/// The machine's own apt configuration, from which an archive takes where to fetch and how to get there.
///
/// None of it enters a lock.
package struct AptHost: Sendable {
    /// `/etc/apt`, or a stand-in.
    package let etc: FilePath
    private let runner: ToolRunner

    package init(etc: FilePath = "/etc/apt", runner: ToolRunner = ToolRunner()) {
        self.etc = etc
        self.runner = runner
    }

    /// Every enabled source, in apt's order: `sources.list`, then the parts by name.
    func sources() throws -> [AptSource] {
        var found: [AptSource] = []
        let main = etc.appending("sources.list")
        if Files.exists(main) { found += AptSourceList.parseOneLine(try Files.readText(main)) }
        let parts = etc.appending("sources.list.d")
        for name in try Files.list(parts) where !name.hasPrefix(".") {
            let path = parts.appending(name)
            if name.hasSuffix(".list") {
                found += AptSourceList.parseOneLine(try Files.readText(path))
            } else if name.hasSuffix(".sources") {
                found += AptSourceList.parseDeb822(try Files.readText(path))
            }
        }
        return try found.flatMap(expanded)
    }

    /// `mirror+file:/list` stands for the URLs in that file, one on each line (apt-transport-mirror(1)).
    private func expanded(_ source: AptSource) throws -> [AptSource] {
        guard let list = source.uri.suffix(after: "mirror+file:"), Files.exists(FilePath(list)) else {
            return [source]
        }
        return try Files.readText(FilePath(list)).split(whereSeparator: \.isLineEnd).compactMap { line in
            guard line.first != "#", let uri = line.split(whereSeparator: \.isWhitespace).first else {
                return nil
            }
            return AptSource(
                uri: String(uri),
                suite: source.suite,
                components: source.components,
                architectures: source.architectures,
                signedBy: source.signedBy
            )
        }
    }

    /// Proxies and the places of credentials: all that is passed on of the machine's apt settings.
    func settings() async throws -> AptHostSettings {
        guard etc != "/etc/apt" else { return try await settings(configuration: nil) }
        return try await TemporaryDirectory.with(in: "/tmp", prefix: "kiln-apt-") { directory in
            let file = directory.appending("apt.conf")
            try Files.write("Dir::Etc \"\(etc)/\";\n", to: file)
            return try await settings(configuration: file)
        }
    }

    private func settings(configuration: FilePath?) async throws -> AptHostSettings {
        var invocation = ToolInvocation(
            "apt-config",
            ["dump", "--format", "%f %v%n"],
            environment: ["LC_ALL": "C"]
        )
        if let configuration { invocation.environment["APT_CONFIG"] = configuration.string }
        do {
            return AptHostSettings(dump: try await runner.run(invocation).text, etc: etc)
        } catch let error as ToolError {
            guard case .notFound = error.reason else { throw error }
            // A machine without apt has no settings of apt's.
            return AptHostSettings(dump: "", etc: etc)
        }
    }

    /// Where the archive's suites are found: its own URL, or those of the machine's sources that match.
    package func sources(
        for archive: ArchiveDefinition,
        named name: ArchiveName,
        architecture: String
    ) throws -> [AptSource] {
        switch archive.mirror {
        case .url(let url):
            try checkURL(url, archive)
            return archive.suites.map { suite in
                AptSource(uri: url, suite: suite, components: archive.components)
            }
        case .host:
            let selection = AptSourceSelection(archive: archive, architecture: architecture)
            return try selection.choose(from: try sources(), name: name, etc: etc)
        }
    }

    private func checkURL(_ url: String, _ archive: ArchiveDefinition) throws(LockError) {
        let isKnown = ["http://", "https://", "file:/"].contains { url.hasPrefix($0) }
        let isPlain = url.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
        guard isKnown, isPlain else {
            throw LockError(
                .source,
                "\"\(url)\" is no mirror",
                at: archive.span,
                hint: "a mirror is \"host\" or a URL: https://…, http://… or file:/…",
                exitStatus: .usage
            )
        }
    }
}
