import Glibc
import KilnDefinition
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnLock

@Suite struct `Roots of apt` {
    private func settings(_ uri: String) -> AptRoot.Settings {
        AptRoot.Settings(
            archive: ArchiveDefinition(suites: ["sid"]),
            keyring: [],
            sources: [AptSource(uri: uri, suite: "sid", components: ["main"])],
            host: AptHostSettings(dump: "", etc: "/etc/apt"),
            architecture: "amd64"
        )
    }

    @Test func `a password in a source is for nobody else to read`() async throws {
        try await Sandbox.with { sandbox in
            try await AptRoot.with(in: sandbox.home, settings("https://me:secret@h/d")) { root in
                #expect(Files.facts(root.path)?.mode == 0o700)
                let sources = root.path.appending("etc/kiln.sources")
                let text = try Files.readText(sources)
                #expect(text.contains("secret"))
                #expect(Files.facts(sources)?.mode == 0o600)
                // As an earlier run may have left it.
                #expect(chmod(root.path.string, 0o755) == 0)
            }
            try await AptRoot.with(in: sandbox.home, settings("https://me:secret@h/d")) { root in
                #expect(Files.facts(root.path)?.mode == 0o700)
            }
        }
    }
}
