package import KilnDefinition
package import KilnOCI
package import KilnSystem
import SystemPackage

/// How one check of an image went.
package struct CheckResult: Sendable, Hashable, Codable {
    /// What was asked, as `CheckDefinition.title` says it.
    package let check: String
    package let passed: Bool
    package let expected: String
    package let seen: String
    package let seconds: Double

    package init(check: String, passed: Bool, expected: String, seen: String, seconds: Double) {
        self.check = check
        self.passed = passed
        self.expected = expected
        self.seen = seen
        self.seconds = seconds
    }
}

/// How all checks of an image went, once.
package struct CheckVerdict: Sendable, Hashable, Codable {
    /// Of the manifest.
    package let image: Digest
    /// Of the checks as they were.
    package let checks: Digest
    /// Of what the instance ran with besides its image.
    package let circumstances: Digest
    /// Seconds since 1970.
    package let time: Int64
    /// In the order of the definition; when the instance did not become healthy, that alone.
    package let results: [CheckResult]
    /// The instance's last lines, where something failed.
    package let log: [String]

    package init(
        of content: ReleaseContent,
        checks: [CheckDefinition],
        time: Int64,
        results: [CheckResult],
        log: [String]
    )
        throws
    {
        let subject = try CheckSubject(content, checks)
        image = subject.image
        self.checks = subject.checks
        circumstances = subject.circumstances
        self.time = time
        self.results = results
        self.log = log
    }

    package var passed: Bool { results.allSatisfy(\.passed) }
}

/// What a verdict is about: an image, the checks that were asked, and what answers may depend on besides. One of them
/// changed means that nothing is known.
struct CheckSubject: Hashable {
    let image: Digest
    let checks: Digest
    let circumstances: Digest

    init(_ content: ReleaseContent, _ checks: [CheckDefinition]) throws {
        image = content.image
        self.checks = Digest(of: try CanonicalJSON.encode(checks))
        circumstances = Digest(
            of: try CanonicalJSON.encode(
                Circumstances(env: content.env, files: content.files, resources: content.resources)
            )
        )
    }

    init(_ verdict: CheckVerdict) {
        image = verdict.image
        checks = verdict.checks
        circumstances = verdict.circumstances
    }

    private struct Circumstances: Encodable {
        let env: [String: String]
        let files: [ConfigFile]
        let resources: ResourceDefinition
    }

    /// What the names of all verdicts begin with that differ in circumstances alone.
    fileprivate var prefix: String { "\(image.short)-\(checks.short)-" }
    fileprivate var fileName: String { "\(prefix)\(circumstances.short).json" }
}

/// What is known of images' checks, kept in the home.
package struct CheckVerdicts: Sendable {
    private let folder: FilePath
    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
        folder = home.root.appending("verdicts")
    }

    /// The newest; nil when there is none, or it cannot be read.
    package func verdict(on content: ReleaseContent, _ checks: [CheckDefinition]) throws -> CheckVerdict? {
        let subject = try CheckSubject(content, checks)
        guard let verdict = read(subject.fileName), CheckSubject(verdict) == subject else { return nil }
        return verdict
    }

    /// Whether somebody asked the same image the same checks in other circumstances at or after the time of a verdict,
    /// and so wants to know how it is by now.
    func wasAskedElsewhere(since verdict: CheckVerdict) throws -> Bool {
        let subject = CheckSubject(verdict)
        return try Files.list(folder).contains { name in
            guard name.hasPrefix(subject.prefix), name != subject.fileName, let other = read(name) else {
                return false
            }
            guard other.image == subject.image, other.checks == subject.checks else { return false }
            return other.time >= verdict.time
        }
    }

    package func record(_ verdict: CheckVerdict) throws {
        try home.makePrivate(folder)
        try Files.write(
            try CanonicalJSON.encode(verdict),
            to: folder.appending(CheckSubject(verdict).fileName),
            mode: 0o600
        )
    }

    private func read(_ name: String) -> CheckVerdict? {
        guard let bytes = try? Files.read(folder.appending(name)) else { return nil }
        return try? CanonicalJSON.decode(CheckVerdict.self, from: bytes)
    }
}
