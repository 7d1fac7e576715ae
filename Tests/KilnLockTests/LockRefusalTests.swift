import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

/// Each kind of refusal: its own code, its exact text, and a lock that was left alone.
@Suite struct `Refusing to lock` {
    /// Locks, changes something, and expects the next lock to be refused.
    private func expectRefusal(
        _ code: LockError.Code,
        _ file: String,
        images: [(name: String, packages: [String])] = [("base", [])],
        change: (TestArchive, inout Definition) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("libbar", "1")
            try await archive.add("libbaz", "1")
            try await archive.publish()
            let first = try await archive.lock(archive.definition([("base", [])]))
            let before = Files.facts(archive.lockFile)
            var definition = try archive.definition(images)
            try await change(archive, &definition)
            let error = await #expect(throws: LockError.self) {
                try await archive.lock(definition, update: .all)
            }
            #expect(error?.code == code)
            if let error {
                try Golden.expect(
                    archive.rendered(error),
                    matches: Golden.directory().appending("refused-\(file).txt")
                )
            }
            #expect(Files.facts(archive.lockFile) == before)
            #expect(try LockFile.read(archive.lockFile) == first.lock)
        }
    }

    @Test func `a tampered index`() async throws {
        try await expectRefusal(.tampered, "tampered-index") { archive, _ in
            // As on another machine: an index that apt has checked already is not fetched again.
            try Files.remove(archive.home.indexes)
            let text = try Files.readText(archive.packagesIndex)
            try Files.write(text.replacing("libbar", with: "libbaz"), to: archive.packagesIndex)
        }
    }

    @Test func `a tampered Release file`() async throws {
        try await expectRefusal(.signature, "tampered-release") { archive, _ in
            let text = try Files.readText(archive.inRelease)
            try Files.write(text.replacing("Suite: stable", with: "Suite: stabke"), to: archive.inRelease)
        }
    }

    @Test func `a key that the keyring doesn't hold`() async throws {
        try await expectRefusal(.signature, "unknown-key") { archive, _ in
            try await archive.makeKey("stranger", to: archive.sandbox.appending("stranger.gpg"))
            try await archive.sign(.init(signer: "stranger"))
        }
    }

    @Test func `an expired Release file`() async throws {
        try await expectRefusal(.expired, "expired") { archive, _ in
            let fields = [
                "Date": "Sun, 31 Dec 2023 00:00:00 UTC", "Valid-Until": "Mon, 01 Jan 2024 00:00:00 UTC",
            ]
            // A mirror that never had a newer one: apt itself would keep the newer of two.
            try Files.remove(archive.home.indexes)
            try await archive.sign(.init(fields: fields))
        }
    }

    @Test func `a Release file from the future`() async throws {
        try await expectRefusal(.notYetValid, "future") { archive, _ in
            try await archive.sign(.init(fields: ["Date": "Fri, 31 Dec 2066 00:00:00 UTC"]))
        }
    }

    @Test func `an archive without a signature`() async throws {
        try await expectRefusal(.unsigned, "unsigned") { archive, _ in
            try await archive.sign(.init(signer: nil))
        }
    }

    @Test func `a login page in place of a Release file`() async throws {
        try await expectRefusal(.unsigned, "login-page") { archive, _ in
            try Files.write("<html>log in</html>\n", to: archive.inRelease)
        }
    }

    @Test func `a mirror that lacks an index`() async throws {
        try await expectRefusal(.incomplete, "incomplete-mirror") { archive, definition in
            try Files.remove(archive.home.indexes)
            try Files.remove(archive.packagesIndex)
        }
    }

    @Test func `a suite that calls itself another`() async throws {
        try await expectRefusal(.wrongSuite, "wrong-suite") { archive, _ in
            try await archive.sign(.init(fields: ["Codename": "older", "Suite": "oldstable"]))
        }
    }

    @Test func `a suite that isn't there`() async throws {
        try await expectRefusal(.missingSuite, "missing-suite") { archive, definition in
            definition.archives["own"]?.suites = ["tset"]
        }
    }

    @Test func `a component that isn't there`() async throws {
        try await expectRefusal(.missingComponent, "missing-component") { _, definition in
            definition.archives["own"]?.components = ["main", "contrib"]
        }
    }

    @Test func `a mirror that nobody answers at`() async throws {
        try await expectRefusal(.unreachable, "unreachable") { _, definition in
            definition.archives["own"]?.mirror = .url("http://127.0.0.1:9/debian")
        }
    }

    @Test func `a keyring that isn't there`() async throws {
        try await expectRefusal(.keyring, "keyring") { _, definition in
            definition.archives["own"]?.keyring = "/usr/share/keyrings/none.gpg"
        }
    }

    @Test func `a package that isn't there`() async throws {
        try await expectRefusal(
            .missingPackage,
            "missing-package",
            images: [("base", []), ("app", ["libbaz", "lidbar"])]
        ) { _, _ in }
    }

    @Test func `a name that apt would take for another`() async throws {
        try await expectRefusal(.missingPackage, "plus-name", images: [("base", ["libbar+"])]) { _, _ in }
    }

    @Test func `a name that ends like a wish is taken as a name when there is one`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            for name in ["g", "g++"] { try await archive.add(name, "1") }
            try await archive.publish()
            let lock = try await archive.lock(archive.definition([("base", []), ("app", ["g++"])])).lock
            #expect(lock.images["app"]?.packages.map(\.name) == ["g++"])
        }
    }

    @Test func `a package that others only mention`() async throws {
        try await expectRefusal(.missingPackage, "virtual-package", images: [("base", ["mail-agent"])]) {
            archive,
            _ in
            for name in ["exim", "postfix"] {
                try await archive.add(name, "1", fields: ["Provides": "mail-agent"])
            }
            try await archive.publish()
        }
    }

    @Test func `a name that apt would take for a pattern`() async throws {
        try await expectRefusal(.packageName, "package-name", images: [("base", ["libba?"])]) { _, _ in }
    }

    @Test func `an archive that lacks what every root starts with`() async throws {
        try await expectRefusal(.missingPackage, "no-root") { archive, _ in
            try Files.remove(archive.deb("apt", "2.6"))
            try await archive.publish()
        }
    }

    @Test func `a distribution without the marker of a merged usr is none of it`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try Files.remove(archive.deb("usr-is-merged", "1"))
            // A mention is not enough.
            try await archive.add("mention", "1", fields: ["Suggests": "usr-is-merged"])
            try await archive.publish()
            let outcome = try await archive.lock(archive.definition([("base", ["mention"])]))
            #expect(
                outcome.lock.images["base"]?.packages.map(\.name) == ["apt", "base-files", "dpkg", "mention"]
            )
        }
    }

    @Test func `packages that need what the archive lacks`() async throws {
        try await expectRefusal(.unsatisfiable, "unsatisfiable", images: [("base", ["foo"])]) { archive, _ in
            try await archive.add("foo", "1", fields: ["Depends": "libbar (>= 2)"])
            try await archive.publish()
        }
    }

    @Test func `packages that exclude each other`() async throws {
        try await expectRefusal(.unsatisfiable, "conflict", images: [("base", ["libbar", "foo"])]) {
            archive,
            _ in
            try await archive.add("foo", "1", fields: ["Conflicts": "libbar"])
            try await archive.publish()
        }
    }

    @Test func `a child that would change its base`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("libbar", "1")
            try await archive.publish()
            _ = try await archive.lock(archive.definition([("base", ["libbar"])]))
            try await archive.add("libbar", "2")
            try await archive.add("foo", "1", fields: ["Depends": "libbar (>= 2)"])
            try await archive.publish()
            let definition = try archive.definition([("base", ["libbar"]), ("app", ["foo"])])
            let error = await #expect(throws: LockError.self) { try await archive.lock(definition) }
            #expect(error?.code == .unsatisfiable)
            if let error {
                try Golden.expect(
                    archive.rendered(error),
                    matches: Golden.directory().appending("refused-child-moves-base.txt")
                )
            }
            // What the hint says helps.
            let moved = try await archive.lock(definition, update: .packages(["libbar"]))
            #expect(
                moved.lock.images["base"]?.packages.contains { $0.name == "libbar" && $0.version == "2" }
                    == true
            )
        }
    }

    @Test func `a tar that isn't there`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.make(in: sandbox)
            var definition = try archive.definition([("base", [])])
            definition.images["base"]?.origin = .tar("root.tar")
            let error = await #expect(throws: LockError.self) { try await archive.lock(definition) }
            #expect(error?.code == .tar)
            if let error {
                try Golden.expect(
                    archive.rendered(error),
                    matches: Golden.directory().appending("refused-tar.txt")
                )
            }
        }
    }

    @Test func `packages on what is no archive`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.make(in: sandbox)
            var definition = try archive.definition([("base", ["foo"])])
            definition.images["base"]?.origin = .scratch
            let error = await #expect(throws: LockError.self) { try await archive.lock(definition) }
            #expect(error?.code == .noArchive)
        }
    }

    @Test func `an update of what no image has`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            let definition = try archive.definition([("base", [])])
            _ = try await archive.lock(definition)
            let error = await #expect(throws: LockError.self) {
                try await archive.lock(definition, update: .packages(["dkpg"]))
            }
            #expect(error?.code == .update)
            #expect(error?.diagnostic.hint == "did you mean \"dpkg\"?")
        }
    }
}
