package import KilnFleet

/// One line of an instance's output.
package struct LogRecord: Sendable, Hashable {
    package enum Stream: String, Sendable, Hashable {
        case stdout
        case stderr
    }

    package let instance: InstanceID
    /// When the line's end came: RFC 3339, UTC, with nanoseconds.
    package let time: String
    package let stream: Stream
    package let text: String
}

/// Reads the container log format of Kubernetes (`<time> <stream> <P|F> <text>`), joining a long line's parts.
package struct LogParser: Sendable {
    /// Most bytes of one line; what is longer goes on in the next record.
    private static let lineLimit = 256 << 10

    private let instance: InstanceID
    private var rest: [UInt8] = []
    private var parts: [LogRecord.Stream: [UInt8]] = [:]

    package init(instance: InstanceID) {
        self.instance = instance
    }

    /// The records that the bytes complete.
    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [LogRecord] {
        var records: [LogRecord] = []
        rest += bytes
        var start = rest.startIndex
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if let record = line(rest[start..<end]) { records.append(record) }
            start = end + 1
        }
        rest.removeSubrange(..<start)
        return records
    }

    /// A new file begins at the beginning of a line.
    package mutating func startFile() {
        rest = []
    }

    private mutating func line(_ bytes: ArraySlice<UInt8>) -> LogRecord? {
        let fields = bytes.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4,
            let stream = LogRecord.Stream(rawValue: String(decoding: fields[1], as: UTF8.self))
        else { return nil }
        let text = (parts.removeValue(forKey: stream) ?? []) + fields[3]
        if fields[2].elementsEqual([UInt8(ascii: "P")]), text.count < Self.lineLimit {
            parts[stream] = text
            return nil
        }
        return LogRecord(
            instance: instance,
            time: Self.zulu(String(decoding: fields[0], as: UTF8.self)),
            stream: stream,
            text: String(decoding: text, as: UTF8.self)
        )
    }

    private static func zulu(_ time: String) -> String {
        time.hasSuffix("+00:00") ? time.dropLast(6) + "Z" : time
    }
}
