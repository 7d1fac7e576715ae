/// Cuts a stream of bytes into lines, whatever the sizes in which it comes.
package struct LineSplitter: Sendable {
    /// Most bytes of one piece: a longer line is handed over in several, so that what never ends a line costs no
    /// more memory than what does.
    package static let longest = 64 << 10

    private var pending: [UInt8] = []

    package init() {}

    /// The lines that are complete now, without their line feeds. What is not UTF-8 is shown as replacement
    /// characters.
    package mutating func split(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = rest.prefix(Self.longest - pending.count)
            if let end = room.firstIndex(of: UInt8(ascii: "\n")) {
                pending += room[..<end]
                lines.append(take())
                rest = rest[(end + 1)...]
            } else {
                pending += room
                rest = rest[room.endIndex...]
                if pending.count == Self.longest { lines.append(takeWholeCharacters()) }
            }
        }
        return lines
    }

    /// The last line, when no line feed ended it.
    package mutating func rest() -> String? {
        pending.isEmpty ? nil : take()
    }

    private mutating func take() -> String {
        defer { pending.removeAll(keepingCapacity: true) }
        return String(decoding: pending, as: UTF8.self)
    }

    /// All that is pending but for a character that is cut off at its end.
    private mutating func takeWholeCharacters() -> String {
        let tail = pending.suffix(4)
        let lead = tail.lastIndex { $0 & 0xC0 != 0x80 } ?? pending.endIndex
        let length = lead < pending.endIndex ? Self.characterLength(lead: pending[lead]) : 0
        let cut = lead + length > pending.endIndex ? lead : pending.endIndex
        let rest = Array(pending[cut...])
        pending.removeSubrange(cut...)
        let line = take()
        pending = rest
        return line
    }

    /// Bytes of the UTF-8 character that begins with this one (RFC 3629, section 3).
    private static func characterLength(lead: UInt8) -> Int {
        switch lead {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }
}
