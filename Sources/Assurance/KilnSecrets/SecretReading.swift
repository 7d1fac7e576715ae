/// Looks through one file as it is read, in windows that overlap: a file of any length takes the memory of one.
struct SecretReading: Sendable {
    let file: ScannedFile
    private let scanner: SecretScanner
    /// How much is looked at at once, and at most.
    private let size: Int
    private let limit: Int64
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
        let isWhole = CredentialFiles.areNamed(file)
        size = isWhole ? scanner.limits.wholeSize : scanner.limits.window
        limit = isWhole ? Int64(scanner.limits.wholeSize) : scanner.limits.fileSize
    }

    /// Whether it is a text that goes on past what is looked at.
    var isTooLong: Bool { !isBinary && length > limit }

    /// Whether more of the file would be looked at.
    var wantsMore: Bool { !isBinary && length <= limit }

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        let room = max(0, limit - length)
        length += Int64(bytes.count)
        if isBinary { return }
        var rest = bytes.prefix(Int(clamping: room))
        while !rest.isEmpty {
            let part = rest.prefix(size - window.count)
            window.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            if !isJudged, window.count >= SecretScanner.judged { judge() }
            if isBinary { return }
            if window.count >= size, Int64(size) < limit { advance() }
        }
    }

    /// What the file holds, in the order of its lines.
    mutating func end() -> [SecretFinding] {
        if !isJudged { judge() }
        if isBinary { return [] }
        found += matches(until: window.count)
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
        let line = window[max(0, least - scanner.limits.overlap)..<least].lastIndex(of: 0x0A)
        let start = line.map { $0 + 1 } ?? cut(before: least)
        let next = firstLine + window[..<start].count { $0 == 0x0A }
        // In one line that is longer than all this, what the end of the window cuts through is whole in the next one.
        let found = line == nil ? matches(until: cut(before: window.count)) : matches(until: window.count)
        self.found += found.filter { finding in line == nil || finding.line.map { $0 < next } ?? true }
        // More than are told of a file are not kept either.
        if self.found.count > scanner.limits.findingsPerFile { self.found = scanner.told(self.found) }
        window.removeFirst(start)
        firstLine = next
    }

    /// A place that goes through no token, where there is one near.
    private func cut(before place: Int) -> Int {
        let near = max(0, place - 4096)
        return window[near..<place].lastIndex {
            !Alphabet.base64.contains($0) && !Alphabet.dotted.contains($0)
        } ?? place
    }

    private func matches(until end: Int) -> [SecretFinding] {
        scanner.matches(in: file, end == window.count ? window : Array(window[..<end])).map { finding in
            SecretFinding(
                copying: finding,
                line: finding.line.map { $0 + firstLine - 1 },
                subject: finding.subject
            )
        }
    }
}
