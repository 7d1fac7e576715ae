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
            archives: [
                AptArchive(
                    name: "own",
                    definition: ArchiveDefinition(suites: ["sid"]),
                    keyring: [],
                    sources: [AptSource(uri: uri, suite: "sid", components: ["main"])]
                )
            ],
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

    @Test func `what nobody used for a month is removed, what is in use is not`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            let day: Int64 = 24 * 3600
            let now = Int64(time(nil))
            let old = try await AptRoot.with(in: home, settings("http://old/d")) { $0.path }
            await AptRoot.removeUnused(in: home, now: now + 29 * day)
            #expect(Files.exists(old))
            try await AptRoot.with(in: home, settings("http://used/d")) { used in
                await AptRoot.removeUnused(in: home, now: now + 31 * day)
                #expect(!Files.exists(old))
                #expect(Files.exists(used.path.appending("apt.conf")))
            }
            let rest = try Files.list(home.indexes).filter { !$0.hasSuffix(".lock") }
            #expect(rest.count == 1)
        }
    }

    @Test func `each use of a root removes the old ones`() async throws {
        try await Sandbox.with { sandbox in
            let old = sandbox.home.indexes.appending("0123456789ab")
            try Files.createDirectory(old.appending("state/lists"))
            var times = [timeval(), timeval()]
            times[1].tv_sec = time(nil) - 31 * 24 * 3600
            #expect(utimes(old.string, &times) == 0)
            try await AptRoot.with(in: sandbox.home, settings("http://h/d")) { _ in }
            #expect(!Files.exists(old))
        }
    }
}
