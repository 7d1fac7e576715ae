/// What a walk through many files found, bounded. Feed it each file once; the order does not matter to the result.
package struct SecretSearch: Sendable {
    package let scanner: SecretScanner
    package private(set) var findings: [SecretFinding] = []
    /// Files whose content was looked at.
    package private(set) var files = 0
    /// Files that were too long to be looked at.
    package private(set) var tooLong = 0
    /// Whether there are more findings than are kept.
    package private(set) var isCut = false

    package init(_ scanner: SecretScanner = SecretScanner()) {
        self.scanner = scanner
    }

    /// Whether the content is wanted; what is too long for it is counted.
    package mutating func wants(_ file: ScannedFile) -> Bool {
        if file.size > scanner.limits.fileSize { tooLong += 1 }
        return scanner.wants(file)
    }

    package mutating func take(_ file: ScannedFile, _ content: [UInt8]) {
        files += 1
        for finding in scanner.findings(in: file, content) {
            guard findings.count < scanner.limits.findings else {
                isCut = true
                return
            }
            findings.append(finding)
        }
    }

    /// In the order of reports.
    package var sorted: [SecretFinding] { findings.sorted(by: SecretFinding.precedes) }
}
