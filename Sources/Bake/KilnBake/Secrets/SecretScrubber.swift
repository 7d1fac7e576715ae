import KilnSystem

/// Takes secrets out of what a step prints, before anybody sees or keeps it.
struct SecretScrubber: Sendable {
    private struct Pattern: Sendable {
        let bytes: [UInt8]
        let stand: [UInt8]
    }

    private struct Encoded: Sendable {
        let parts: EncodedParts
        let stand: [UInt8]
    }

    private let patterns: [Pattern]
    private let encoded: [Encoded]
    private let overlap: Int
    /// The end of a line that came in pieces, in which a secret may have begun.
    private var pending: [UInt8] = []

    init(_ secrets: [SecretValue]) {
        let all = secrets.flatMap { secret in
            let stand = Array(secret.description.utf8)
            let lines = secret.core.split { $0 == 10 || $0 == 13 }.map(Array.init)
                .filter { $0.count >= SecretValue.shortest }
            return ([secret.core] + lines).map { Pattern(bytes: $0, stand: stand) }
        }
        encoded = secrets.map {
            Encoded(parts: EncodedParts($0), stand: Array($0.description.utf8))
        }
        patterns = all.sorted { $0.bytes.count > $1.bytes.count }
        overlap = max(0, (patterns.first?.bytes.count ?? 1) - 1)
    }

    /// What of the line may be shown now.
    mutating func scrub(_ line: String) -> String {
        guard !patterns.isEmpty else { return line }
        var bytes = pending + Array(line.utf8)
        for pattern in patterns { bytes = Self.replace(pattern, in: bytes) }
        for secret in encoded { bytes = Self.replace(secret, in: bytes) }
        pending = []
        // A piece is as long as can be, but for a character that is cut off at its end.
        if line.utf8.count > LineSplitter.longest - 4 {
            pending = Array(bytes.suffix(overlap))
            bytes.removeLast(pending.count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What was held back of the last piece, when nothing followed it.
    mutating func rest() -> String? {
        defer { pending = [] }
        return pending.isEmpty ? nil : String(decoding: pending, as: UTF8.self)
    }

    private static func replace(_ secret: Encoded, in bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var start = 0
        for range in secret.parts.ranges(in: bytes) {
            result += bytes[start..<range.lowerBound] + secret.stand
            start = range.upperBound
        }
        return start == 0 ? bytes : result + bytes[start...]
    }

    private static func replace(_ pattern: Pattern, in bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { raw in
            guard var hit = ByteSearch.first(pattern.bytes, in: raw) else { return bytes }
            var result: [UInt8] = []
            var start = 0
            while true {
                result += raw[start..<hit]
                result += pattern.stand
                start = hit + pattern.bytes.count
                guard let next = ByteSearch.first(pattern.bytes, in: raw, from: start) else { break }
                hit = next
            }
            return result + raw[start...]
        }
    }
}
