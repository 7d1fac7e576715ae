import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnRegistry
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage

@testable import KilnDefinition

/// A Debian-style archive of a test's own, signed by a key of its own.
struct TestArchive {
    let sandbox: FilePath
    let root: FilePath
    let keyring: FilePath
    private let gpgHome: FilePath
    private let runner = ToolRunner()

    static let suite = "test"
    /// The time that packages carry unless a test says otherwise.
    static let built: Int64 = 1_700_000_000

    /// An empty archive; the key's agent ends with the sandbox.
    static func make(in sandbox: Sandbox, named name: String = "archive") async throws -> TestArchive {
        let archive = TestArchive(
            sandbox: sandbox.path,
            root: sandbox.path.appending(name),
            keyring: sandbox.path.appending("\(name)-key.gpg"),
            gpgHome: sandbox.path.appending("\(name)-gpg")
        )
        try Files.createDirectory(archive.root.appending("pool"))
        try Files.createDirectory(archive.gpgHome, mode: 0o700)
        sandbox.onExit {
            try await archive.runner.run(
                ToolInvocation(
                    "gpgconf",
                    ["--kill", "all"],
                    environment: ["GNUPGHOME": archive.gpgHome.string]
                )
            )
        }
        try await archive.makeKey("archive", to: archive.keyring)
        return archive
    }

    /// One with what every minimal root needs, published.
    static func minimal(in sandbox: Sandbox) async throws -> TestArchive {
        let archive = try await make(in: sandbox)
        try await archive.add("base-files", "1", fields: ["Essential": "yes"])
        try await archive.add("dpkg", "1:1.21", fields: ["Priority": "required"])
        try await archive.add("apt", "2.6", fields: ["Depends": "dpkg"])
        try await archive.add("usr-is-merged", "1")
        try await archive.publish()
        return archive
    }

    /// Makes a signing key and writes its public half.
    func makeKey(_ user: String, to file: FilePath) async throws {
        let address = "\(user)@example.org"
        try await gpg(["--passphrase", "", "--quick-gen-key", address, "ed25519", "sign", "never"])
        let key = try await gpg(["--export", address])
        try Files.write(key.standardOutput, to: file)
    }

    /// Builds a package into the pool.
    @discardableResult
    func add(
        _ name: String,
        _ version: String,
        fields: [String: String] = [:],
        architecture: String = "all",
        built: Int64 = TestArchive.built,
        content: String = ""
    ) async throws -> FilePath {
        let tree = sandbox.appending("build").appending("\(name)_\(version)")
        try Files.createDirectory(tree.appending("DEBIAN"))
        try Files.createDirectory(tree.appending("usr/share/doc/\(name)"))
        try Files.write(content, to: tree.appending("usr/share/doc/\(name)/content"))
        var control = [
            "Package: \(name)", "Version: \(version)", "Architecture: \(architecture)",
            "Maintainer: Test <test@example.org>",
        ]
        control += fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        control.append("Description: a package of a test")
        try Files.write(control.joined(separator: "\n") + "\n", to: tree.appending("DEBIAN/control"))
        let file = deb(name, version, architecture: architecture)
        try await runner.run(
            ToolInvocation(
                "dpkg-deb",
                ["-Znone", "--root-owner-group", "--build", tree.string, file.string],
                environment: ["SOURCE_DATE_EPOCH": String(built)]
            )
        )
        return file
    }

    func deb(_ name: String, _ version: String, architecture: String = "all") -> FilePath {
        let plain = version.split(separator: ":").last.map(String.init) ?? version
        return root.appending("pool").appending("\(name)_\(plain)_\(architecture).deb")
    }

    struct Release {
        /// Fields that are added or replaced.
        var fields: [String: String] = [:]
        var signer: String? = "archive"
    }

    var packagesIndex: FilePath { root.appending("dists/test/main/binary-amd64/Packages") }
    var inRelease: FilePath { root.appending("dists/test/InRelease") }

    /// Writes the index of the pool and the signed Release file.
    func publish(_ release: Release = Release()) async throws {
        let index = try await runner.run(
            ToolInvocation("apt-ftparchive", ["packages", "pool"], workingDirectory: root)
        )
        let packages = root.appending("dists/test/main/binary-amd64")
        try Files.createDirectory(packages)
        try Files.write(index.standardOutput, to: packages.appending("Packages"))
        try await sign(release)
    }

    /// Writes the Release file over the indexes as they are.
    func sign(_ release: Release = Release(), suite: String = TestArchive.suite) async throws {
        let dists = root.appending("dists").appending(suite)
        for name in ["Release", "InRelease"] { try Files.remove(dists.appending(name)) }
        var fields = ["Codename": "test", "Suite": "stable", "Architectures": "amd64", "Components": "main"]
        for (name, value) in release.fields where name != "Date" && name != "Valid-Until" {
            fields[name] = value
        }
        let options = fields.sorted { $0.key < $1.key }.flatMap {
            ["-o", "APT::FTPArchive::Release::\($0.key)=\($0.value)"]
        }
        var text = try await runner.run(
            ToolInvocation("apt-ftparchive", options + ["release", "dists/\(suite)"], workingDirectory: root)
        ).text
        if let date = release.fields["Date"] {
            let lines = text.split(separator: "\n").map {
                $0.hasPrefix("Date:") ? "Date: \(date)" : String($0)
            }
            text = lines.joined(separator: "\n") + "\n"
        }
        if let until = release.fields["Valid-Until"] { text = "Valid-Until: \(until)\n" + text }
        try Files.write(text, to: dists.appending("Release"))
        guard let signer = release.signer else { return }
        try await gpg([
            "--local-user", "\(signer)@example.org", "--clearsign", "--output",
            dists.appending("InRelease").string,
            dists.appending("Release").string,
        ])
    }

    @discardableResult
    private func gpg(_ arguments: [String]) async throws -> ToolOutput {
        try await runner.run(
            ToolInvocation(
                "gpg",
                ["--batch", "--yes", "--quiet", "--pinentry-mode", "loopback"] + arguments,
                environment: ["GNUPGHOME": gpgHome.string]
            )
        )
    }
}

extension TestArchive {
    var encoder: EncoderName { EncoderName("zstd-1.5.4-level3-mt") }
    var home: KilnHome { KilnHome(root: sandbox.appending("home")) }
    var lockFile: FilePath { sandbox.appending("kiln.lock") }
    /// An empty `/etc/apt`.
    var host: AptHost { AptHost(etc: sandbox.appending("etc-apt")) }
    var platform: ImagePlatform { ImagePlatform(architecture: "amd64") }

    func locker() throws -> Locker {
        try Files.createDirectory(host.etc.appending("apt.conf.d"))
        let registry = RegistryClient(home: home)
        return Locker(home: home, host: host, platform: platform, registry: registry, retries: 0)
    }

    func lock(_ definition: Definition, update: LockUpdate = .none) async throws -> LockOutcome {
        try await locker().lock(definition, file: lockFile, encoder: encoder, update: update)
    }

    /// A definition whose images stand on each other in order, as a user would write it.
    func definition(
        _ images: [(name: String, packages: [String])],
        mirror: String? = nil,
        suites: [String] = [TestArchive.suite],
        components: [String] = ["main"],
        keyring: FilePath? = nil
    ) throws -> Definition {
        let mirror = mirror ?? "file://\(root)"
        let source = SourceText(name: "kiln.yaml", text: Self.text(images, mirror, suites))
        var definition = Definition(directory: sandbox, source: source)
        definition.archives["own"] = ArchiveDefinition(
            mirror: try ArchiveDefinition.Mirror(parsing: mirror),
            suites: suites,
            components: components,
            keyring: keyring ?? self.keyring,
            span: source.span(of: "own:")
        )
        var origin = ImageDefinition.Origin.archive("own")
        for (name, packages) in images {
            var image = ImageDefinition(origin: origin)
            image.packages = packages
            image.span = source.span(of: "\(name):")
            let spelled = source.span(of: "packages: [\(packages.joined(separator: ", "))]")
            if let spelled {
                image.spans["packages"] = SourceSpan(source: source, line: spelled.line, column: 5, length: 8)
            }
            definition.images[ImageName(trusted: name)] = image
            origin = .image(ImageName(trusted: name))
        }
        return definition
    }

    private static func text(
        _ images: [(name: String, packages: [String])],
        _ mirror: String,
        _ suites: [String]
    ) -> String {
        var text = """
            kiln: 1
            archives:
              own:
                mirror: \(mirror)
                suites: [\(suites.joined(separator: ", "))]
            images:

            """
        var below = "archive:own"
        for (name, packages) in images {
            text += "  \(name):\n    from: \(below)\n    packages: [\(packages.joined(separator: ", "))]\n"
            below = "image:\(name)"
        }
        return text
    }

    /// An error as a user sees it, without what differs from run to run.
    func rendered(_ error: any Error) -> String {
        let text = DiagnosticRenderer().render(error.asDiagnostics)
            .replacing(sandbox.string, with: "SANDBOX")
            .replacing(/\b[0-9A-F]{16}\b/, with: "KEYID")
            .replacing(/(invalid since|invalid for another) [0-9a-z ]+/, with: "invalid since AGO")
            .replacing(/127\.0\.0\.1[: ][0-9]+/, with: "127.0.0.1:PORT")
            .replacing(/after [0-9]+ ms/, with: "after N ms")
            .replacing(/sha256:[0-9a-f]{64}/, with: "sha256:DIGEST")
        return text + "\n"
    }
}

extension SourceText {
    /// The first place of a word.
    func span(of word: String) -> SourceSpan? {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let range = line.firstRange(of: word) {
                let column = line.distance(from: line.startIndex, to: range.lowerBound) + 1
                return SourceSpan(source: self, line: index + 1, column: column, length: word.count)
            }
        }
        return nil
    }
}

/// The same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
