/// What is known of a file before it is read.
package struct ScannedFile: Sendable, Hashable {
    /// From the root, without a leading `/`.
    package let path: String
    package let size: Int64
    /// Whether a package of the distribution brought it, where that is known.
    package let isPackaged: Bool

    package init(path: String, size: Int64, isPackaged: Bool = false) {
        self.path = path
        self.size = size
        self.isPackaged = isPackaged
    }

    var name: Substring { path.split(separator: "/").last ?? "" }

    /// Examples that distributions ship, and what packages make for tests alone: keys that everybody knows.
    var isExample: Bool {
        if Self.madeByPackages.contains(path) { return true }
        let folders = path.split(separator: "/").dropLast()
        guard isPackaged || isDistributions(folders) else { return false }
        if path.hasPrefix("usr/share/doc/") { return true }
        return folders.contains { Self.exampleFolders.contains($0.lowercased()) }
    }

    /// Below `/usr` but not in what is for the machine's own.
    private func isDistributions(_ folders: ArraySlice<Substring>) -> Bool {
        folders.first == "usr" && folders.dropFirst().first != "local"
    }

    private static let madeByPackages: Set<String> = ["etc/ssl/private/ssl-cert-snakeoil.key"]
    private static let exampleFolders: Set<String> = [
        "test", "tests", "testing", "testdata", "test-data", "example", "examples", "samples", "demo",
        "demos",
        "fixtures", "testsuite", "spec",
    ]
}

/// How much is looked at. What goes past is counted, never silent.
package struct SecretLimits: Sendable, Hashable {
    /// Of a longer text only so many bytes at its beginning are looked at.
    package var fileSize: Int64 = 64 << 20
    /// How much of a file is in memory at once.
    package var window = 1 << 20
    /// How much of a window is looked at again with the next one: more than any secret's length.
    package var overlap = 64 << 10
    /// Of a file whose name says what its parts mean together, which is looked at as a whole, only so many bytes are.
    package var wholeSize = 4 << 20
    package var findingsPerFile = 50
    package var findings = 1000

    package init() {}
}
