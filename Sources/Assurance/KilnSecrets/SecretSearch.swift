/// What a walk through many files found, bounded. Feed it each file once, piece by piece; the order of files does not matter to the
/// result.
package struct SecretSearch: Sendable {
    private let scanner: SecretScanner
    private var reading: SecretReading?
    package private(set) var findings: [SecretFinding] = []
    /// Files whose content was looked at.
    package private(set) var files = 0
    /// Texts of which only the beginning was looked at.
    package private(set) var tooLong = 0
    /// Whether there are more findings than are kept.
    package private(set) var isCut = false

    package init(_ scanner: SecretScanner = SecretScanner()) {
        self.scanner = scanner
    }

    /// Whether the content is wanted: it is to be taken then, and to be ended.
    package mutating func begin(_ file: ScannedFile) -> Bool {
        reading = scanner.wants(file) ? SecretReading(file, scanner) : nil
        return reading != nil
    }

    /// Whether more of it is wanted; to take more is only a waste of time.
    @discardableResult
    package mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        reading?.take(bytes)
        return reading?.wantsMore ?? false
    }

    package mutating func end() {
        guard var reading else { return }
        self.reading = nil
        files += 1
        let found = reading.end()
        if reading.isTooLong { tooLong += 1 }
        for finding in found {
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
