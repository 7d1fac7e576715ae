/// Reads YAML (and JSON, which is YAML) into nodes with the places of their bytes: many documents, anchors, merge keys
/// and tags. Strictness is left to those who own the format; what cannot be read is a problem, and the rest is kept.
///
/// Kiln's own definition has a stricter reader. This one reads what others wrote, and a lot of it.
struct YAMLReader {
    struct Limits: Sendable {
        var bytes = 16 << 20
        var depth = 128
        /// Nodes of a document, aliases written out.
        var nodes = 1_000_000
    }

    struct Problem: Error, Sendable, Hashable {
        let message: String
        let range: Range<Int>
    }

    struct Result: Sendable {
        var documents: [Node] = []
        var problems: [Problem] = []
    }

    let bytes: [UInt8]
    let limits: Limits
    var at = 0
    var lineStart = 0
    var depth = 0
    var weight = 0
    var anchors: [String: Node] = [:]

    private init(_ bytes: [UInt8], _ limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    static func read(_ bytes: [UInt8], limits: Limits = Limits()) -> Result {
        var reader = YAMLReader(bytes, limits)
        var result = Result()
        guard bytes.count <= limits.bytes else {
            let message = "more than \(limits.bytes >> 20) MiB"
            result.problems.append(Problem(message: message, range: 0..<1))
            return result
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { (reader.at, reader.lineStart) = (3, 3) }
        while true {
            do throws(Problem) {
                guard let document = try reader.document() else { break }
                result.documents.append(document)
            } catch {
                result.problems.append(error)
                guard reader.skipToNextDocument() else { break }
            }
        }
        return result
    }

    // MARK: Documents

    private mutating func document() throws(Problem) -> Node? {
        anchors = [:]
        weight = 0
        while true {
            skipSpace()
            guard at < bytes.count else { return nil }
            if column == 0, bytes[at] == UInt8(ascii: "%") {
                skipLine()
            } else if isMarker("---") {
                at += 3
                skipBlanks()
                let isEmpty = atLineEnd
                if isEmpty {
                    skipSpace()
                    if at >= bytes.count || isMarker("---") || isMarker("...") { continue }
                }
                break
            } else if isMarker("...") {
                at += 3
            } else {
                break
            }
        }
        let root = try blockNode(parent: -1)
        skipSpace()
        guard at >= bytes.count || isMarker("---") || isMarker("...") else {
            throw problem("this does not fit the indentation above it")
        }
        return root
    }

    /// After something unreadable: false at the end of the file.
    private mutating func skipToNextDocument() -> Bool {
        depth = 0
        while at < bytes.count {
            skipLine()
            if isMarker("---") { return true }
        }
        return false
    }

    // MARK: Moving

    var column: Int { at - lineStart }
    var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

    func peek(_ distance: Int) -> UInt8? {
        at + distance < bytes.count ? bytes[at + distance] : nil
    }

    func isBlankOrEnd(_ byte: UInt8?) -> Bool {
        guard let byte else { return true }
        return byte == 32 || byte == 9 || byte == 10 || byte == 13
    }

    func problem(_ message: String) -> Problem {
        let start = min(at, max(0, bytes.count - 1))
        return Problem(message: message, range: start..<min(bytes.count, start + 1))
    }

    func isMarker(_ marker: String) -> Bool {
        guard column == 0, at + 3 <= bytes.count else { return false }
        return bytes[at..<at + 3].elementsEqual(marker.utf8) && isBlankOrEnd(peek(3))
    }

    mutating func skipLine() {
        while at < bytes.count, bytes[at] != 10 { at += 1 }
        if at < bytes.count { at += 1 }
        lineStart = at
    }

    mutating func skipBlanks() {
        while at < bytes.count, bytes[at] == 32 || bytes[at] == 9 { at += 1 }
    }

    /// Whether nothing but a comment stands on the rest of the line.
    var atLineEnd: Bool {
        guard let byte else { return true }
        if byte == 10 || byte == 13 { return true }
        return byte == UInt8(ascii: "#") && (at == 0 || isBlankOrEnd(bytes[at - 1]))
    }

    /// Past blanks, comments and line ends.
    mutating func skipSpace() {
        while at < bytes.count {
            switch bytes[at] {
            case 32, 9, 13: at += 1
            case 10:
                at += 1
                lineStart = at
            case UInt8(ascii: "#") where at == 0 || isBlankOrEnd(bytes[at - 1]): skipLine()
            default: return
            }
        }
    }

    // MARK: Bounds

    mutating func enter() throws(Problem) {
        depth += 1
        guard depth <= limits.depth else { throw problem("more than \(limits.depth) levels deep") }
    }

    mutating func count(_ more: Int) throws(Problem) {
        weight += more
        guard weight <= limits.nodes else {
            throw problem("more than \(limits.nodes) values, aliases written out")
        }
    }
}
