/// Looks through one file as it is read, in windows that overlap: a file of any length takes the memory of one.
struct SecretReading: Sendable {
    let file: ScannedFile
    private let scanner: SecretScanner
    private var window: [UInt8] = []
    /// The line of the window's first byte, from 1.
    private var firstLine = 1
    private var found: [SecretFinding] = []
    /// Bytes that were taken, those past the limit too.
    private var length: Int64 = 0
    private var isJudged = false
    private var isBinary = false

    init(_ file: ScannedFile, _ scanner: SecretScanner) {
        self.file = file
        self.scanner = scanner
    }

    /// Whether it is a text that goes on past what is looked at.
    var isTooLong: Bool { !isBinary && length > scanner.limits.fileSize }

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        let room = max(0, scanner.limits.fileSize - length)
        length += Int64(bytes.count)
        if isBinary { return }
        var rest = bytes.prefix(Int(clamping: room))
        while !rest.isEmpty {
            let part = rest.prefix(scanner.limits.window - window.count)
            window.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            if !isJudged, window.count >= SecretScanner.judged { judge() }
            if isBinary { return }
            if window.count >= scanner.limits.window { advance() }
        }
    }

    /// What the file holds, in the order of its lines.
    mutating func end() -> [SecretFinding] {
        if !isJudged { judge() }
        if isBinary { return [] }
        found += matches()
        window = []
        return scanner.told(found)
    }

    private mutating func judge() {
        isJudged = true
        isBinary = SecretScanner.isBinary(window)
        if isBinary { window = [] }
    }

    /// On to the next window, which begins with a line where there is one to begin with: what begins there is found there.
    private mutating func advance() {
        let least = window.count - scanner.limits.overlap
        let end = window[least...].firstIndex(of: 0x0A)
        let start = end.map { $0 + 1 } ?? least
        let line = firstLine + window[..<start].count { $0 == 0x0A }
        found += matches().filter { finding in end == nil || finding.line.map { $0 < line } ?? true }
        // More than are told of a file are not kept either.
        if found.count > scanner.limits.findingsPerFile { found = scanner.told(found) }
        window.removeFirst(start)
        firstLine = line
    }

    private func matches() -> [SecretFinding] {
        scanner.matches(in: file, window).map { finding in
            SecretFinding(
                copying: finding,
                line: finding.line.map { $0 + firstLine - 1 },
                subject: finding.subject
            )
        }
    }
}
