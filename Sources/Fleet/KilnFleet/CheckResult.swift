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
    /// Seconds since 1970.
    package let time: Int64
    /// In the order of the definition; when the instance did not become healthy, that alone.
    package let results: [CheckResult]
    /// The instance's last lines, where something failed.
    package let log: [String]

    package init(
        image: Digest,
        checks: [CheckDefinition],
        time: Int64,
        results: [CheckResult],
        log: [String]
    )
        throws
    {
        self.image = image
        self.checks = try CheckVerdicts.digest(of: checks)
        self.time = time
        self.results = results
        self.log = log
    }

    package var passed: Bool { results.allSatisfy(\.passed) }
}

/// What is known of images' checks, kept in the home by image and checks: either changed means that nothing is known.
package struct CheckVerdicts: Sendable {
    private let folder: FilePath
    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
        folder = home.root.appending("verdicts")
    }

    package static func digest(of checks: [CheckDefinition]) throws -> Digest {
        Digest(of: try CanonicalJSON.encode(checks))
    }

    /// The newest; nil when there is none, or it cannot be read.
    package func verdict(on image: Digest, _ checks: [CheckDefinition]) throws -> CheckVerdict? {
        let path = try path(image, Self.digest(of: checks))
        guard let bytes = try? Files.read(path) else { return nil }
        return try? CanonicalJSON.decode(CheckVerdict.self, from: bytes)
    }

    package func record(_ verdict: CheckVerdict) throws {
        try home.makePrivate(folder)
        try Files.write(
            try CanonicalJSON.encode(verdict),
            to: path(verdict.image, verdict.checks),
            mode: 0o600
        )
    }

    private func path(_ image: Digest, _ checks: Digest) -> FilePath {
        folder.appending("\(image.short)-\(checks.short).json")
    }
}
