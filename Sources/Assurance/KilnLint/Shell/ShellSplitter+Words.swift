/// Words: quotes, escapes, variables, substitutions.
extension ShellSplitter {
    mutating func word() -> ShellCommand.Word {
        let start = at
        var text: [UInt8] = []
        var isDynamic = false
        while at < bytes.endIndex {
            let byte = bytes[at]
            switch byte {
            case 32, 9, 10, 13, UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "<"),
                UInt8(ascii: ">"), UInt8(ascii: "("), UInt8(ascii: ")"):
                return finished(start, text, isDynamic)
            case UInt8(ascii: "'"):
                at += 1
                let end = bytes[at...].firstIndex(of: byte) ?? bytes.endIndex
                text += bytes[at..<end]
                at = min(end + 1, bytes.endIndex)
            case UInt8(ascii: "\""): doubleQuoted(&text, &isDynamic)
            case UInt8(ascii: "\\"):
                at += 1
                guard at < bytes.endIndex else { break }
                if bytes[at] != 10 { text.append(bytes[at]) }
                at += 1
            case UInt8(ascii: "$"), UInt8(ascii: "`"):
                isDynamic = true
                substitution(&text)
            default:
                text.append(byte)
                at += 1
            }
        }
        return finished(start, text, isDynamic)
    }

    private func finished(_ start: Int, _ text: [UInt8], _ isDynamic: Bool) -> ShellCommand.Word {
        ShellCommand.Word(
            text: String(decoding: text, as: UTF8.self),
            range: start..<max(at, start + (start < bytes.endIndex ? 1 : 0)),
            isDynamic: isDynamic
        )
    }

    private mutating func doubleQuoted(_ text: inout [UInt8], _ isDynamic: inout Bool) {
        at += 1
        while at < bytes.endIndex {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") {
                at += 1
                return
            }
            if byte == UInt8(ascii: "\\"), at + 1 < bytes.endIndex {
                let next = bytes[at + 1]
                if "\"\\$`".utf8.contains(next) {
                    text.append(next)
                } else if next != 10 {
                    text += [byte, next]
                }
                at += 2
            } else if byte == UInt8(ascii: "$") || byte == UInt8(ascii: "`") {
                isDynamic = true
                substitution(&text)
            } else {
                text.append(byte)
                at += 1
            }
        }
    }

    /// `$name`, `${…}`, `$(…)`, `$((…))`, `` `…` ``: kept as written; commands in them are found too.
    private mutating func substitution(_ text: inout [UInt8]) {
        let start = at
        if bytes[at] == UInt8(ascii: "`") {
            at += 1
            let inner = at
            while at < bytes.endIndex, bytes[at] != UInt8(ascii: "`") {
                at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
            }
            at = min(at, bytes.endIndex)
            inside(inner..<at)
            at = min(at + 1, bytes.endIndex)
        } else if at + 1 < bytes.endIndex, bytes[at + 1] == UInt8(ascii: "(") {
            at += 2
            let inner = at
            skipBalanced(open: UInt8(ascii: "("), close: UInt8(ascii: ")"))
            let isArithmetic = inner < bytes.endIndex && bytes[inner] == UInt8(ascii: "(")
            if !isArithmetic { inside(inner..<max(inner, at - 1)) }
        } else if at + 1 < bytes.endIndex, bytes[at + 1] == UInt8(ascii: "{") {
            at += 2
            skipBalanced(open: UInt8(ascii: "{"), close: UInt8(ascii: "}"))
        } else {
            at += 1
            if at < bytes.endIndex, "@*#?$!-0123456789".utf8.contains(bytes[at]) {
                at += 1
            } else {
                while at < bytes.endIndex, isNamePart(bytes[at]) { at += 1 }
            }
        }
        text += bytes[start..<min(at, bytes.endIndex)]
    }

    private func isNamePart(_ byte: UInt8) -> Bool {
        (65...90).contains(byte & 0xDF) || (48...57).contains(byte) || byte == 95
    }

    private mutating func inside(_ range: Range<Int>) {
        guard range.upperBound <= bytes.endIndex, !range.isEmpty else { return }
        for var command in Self.commands(bytes[range], limits, depth: depth + 1) {
            guard commands.count < limits.commands else { return }
            command.pipeline += 1_000_000 * (depth + 1) + pipeline * 1000
            commands.append(command)
        }
    }

    /// Past the mark that closes, quotes and further marks within counted.
    private mutating func skipBalanced(open: UInt8, close: UInt8) {
        var level = 1
        var quote: UInt8?
        while at < bytes.endIndex {
            let byte = bytes[at]
            at += 1
            if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "'") {
                at = min(at + 1, bytes.endIndex)
            } else if let mark = quote {
                if byte == mark { quote = nil }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            } else if byte == open {
                level += 1
            } else if byte == close {
                level -= 1
                if level == 0 { return }
            }
        }
    }
}
