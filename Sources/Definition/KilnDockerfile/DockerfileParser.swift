/// Reads a Dockerfile: directives, comments, continuations, heredocs. What a keyword means is for others to say.
package struct DockerfileParser {
    package struct Limits: Sendable {
        package var bytes = 1 << 20
        package var instructions = 10_000

        package init() {}
    }

    private static let keywords: Set<String> = [
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL",
        "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    ]

    private let bytes: [UInt8]
    private let limits: Limits
    private var place = 0
    private var escape = UInt8(ascii: "\\")
    private var directives: [String: String] = [:]
    private var instructions: [DockerInstruction] = []
    private var problems: [DockerfileProblem] = []

    private init(_ bytes: [UInt8], _ limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    package static func parse(_ bytes: [UInt8], limits: Limits = Limits()) -> Dockerfile {
        var parser = DockerfileParser(bytes, limits)
        parser.run()
        return Dockerfile(
            instructions: parser.instructions,
            escape: parser.escape,
            directives: parser.directives,
            problems: parser.problems
        )
    }

    /// What the text names as its builder's keywords, to tell a Dockerfile by what it holds.
    package static func isKeyword(_ word: String) -> Bool { keywords.contains(word.uppercased()) }

    private mutating func run() {
        guard bytes.count <= limits.bytes else {
            let message = "a Dockerfile of more than \(limits.bytes >> 20) MiB"
            problems.append(DockerfileProblem(message: message, range: 0..<1))
            return
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
        readDirectives()
        while place < bytes.count {
            guard instructions.count < limits.instructions else {
                let message = "more than \(limits.instructions) instructions"
                problems.append(DockerfileProblem(message: message, range: place..<place + 1))
                return
            }
            readInstruction()
        }
    }

    /// `# name=value` lines at the very top; the first line that is none ends them.
    private mutating func readDirectives() {
        while place < bytes.count {
            let end = lineEnd(place)
            let line = String(decoding: bytes[place..<end], as: UTF8.self).filter { $0 != "\r" }
            let text = line.drop { $0 == " " || $0 == "\t" }
            guard text.first == "#", let equals = text.firstIndex(of: "=") else { return }
            let name = trimmed(text[text.index(after: text.startIndex)..<equals]).lowercased()
            let value = trimmed(text[text.index(after: equals)...])
            guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber }) else { return }
            directives[name] = value
            if name == "escape", value == "`" { escape = UInt8(ascii: "`") }
            place = min(end + 1, bytes.count)
        }
    }

    private func trimmed(_ text: Substring) -> String {
        let head = text.drop { $0 == " " || $0 == "\t" }
        return String(head.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    private func lineEnd(_ start: Int) -> Int { bytes[start...].firstIndex(of: 10) ?? bytes.count }

    private mutating func readInstruction() {
        let start = skipBlank(place, to: lineEnd(place))
        let end = lineEnd(place)
        if start >= end || bytes[start] == UInt8(ascii: "#") {
            place = min(end + 1, bytes.count)
            if end == bytes.count { place = bytes.count }
            return
        }
        var (text, after) = logicalLine(start)
        place = after
        while let last = text.bytes.last, JoinedText.isBlank(last) {
            text.bytes.removeLast()
            text.offsets.removeLast()
        }
        guard let word = text.firstWord else { return }
        let keyword = word.text.uppercased()
        guard Self.keywords.contains(keyword) else {
            problems.append(
                DockerfileProblem(message: "there is no instruction \(word.text)", range: word.range)
            )
            return
        }
        let (flags, body) = DockerFlag.taken(from: text.dropping(through: word.end))
        let heredocs = ["RUN", "COPY", "ADD"].contains(keyword) ? readHeredocs(of: body) : []
        var last = text.range.upperBound
        if let heredoc = heredocs.last { last = max(last, heredoc.range.upperBound) }
        instructions.append(
            DockerInstruction(
                keyword: keyword,
                keywordRange: word.range,
                flags: flags,
                body: body,
                heredocs: heredocs,
                range: word.range.lowerBound..<last
            )
        )
    }

    private func skipBlank(_ from: Int, to end: Int) -> Int {
        var index = from
        while index < end, JoinedText.isBlank(bytes[index]) { index += 1 }
        return index
    }

    /// A line with those that continue it; comments and empty lines between them do not count.
    private func logicalLine(_ start: Int) -> (text: JoinedText, after: Int) {
        var text = JoinedText()
        var from = start
        while true {
            let end = lineEnd(from)
            var stop = end
            while stop > from, bytes[stop - 1] == 32 || bytes[stop - 1] == 9 || bytes[stop - 1] == 13 {
                stop -= 1
            }
            let continues = stop > from && bytes[stop - 1] == escape
            for index in from..<(continues ? stop - 1 : stop) { text.append(bytes[index], at: index) }
            let next = min(end + 1, bytes.count)
            guard continues, end < bytes.count else { return (text, next) }
            text.append(32, at: stop - 1)
            from = next
            while from < bytes.count {
                let lineStop = lineEnd(from)
                let first = skipBlank(from, to: lineStop)
                guard first == lineStop || bytes[first] == UInt8(ascii: "#") else { break }
                from = min(lineStop + 1, bytes.count)
                if lineStop == bytes.count { from = bytes.count }
            }
            guard from < bytes.count else { return (text, bytes.count) }
        }
    }

    // MARK: Heredocs

    private mutating func readHeredocs(of body: JoinedText) -> [DockerHeredoc] {
        openings(in: body).compactMap { opening in
            let start = place
            var text = JoinedText()
            while place < bytes.count {
                let end = lineEnd(place)
                var from = place
                if opening.stripsTabs { while from < end, bytes[from] == 9 { from += 1 } }
                let stop = end > from && bytes[end - 1] == 13 ? end - 1 : end
                let isLast = bytes[from..<stop].elementsEqual(opening.name.utf8)
                place = min(end + 1, bytes.count)
                if end == bytes.count { place = bytes.count }
                if isLast {
                    return DockerHeredoc(
                        name: opening.name,
                        expands: opening.expands,
                        range: start..<max(start, from),
                        text: text
                    )
                }
                for index in from..<stop { text.append(bytes[index], at: index) }
                text.append(10, at: min(end, max(0, bytes.count - 1)))
            }
            problems.append(
                DockerfileProblem(
                    message: "the text after <<\(opening.name) has no end",
                    range: opening.offset..<opening.offset + 2
                )
            )
            return nil
        }
    }

    private struct Opening {
        let name: String
        let expands: Bool
        let stripsTabs: Bool
        let offset: Int
    }

    /// `<<NAME`, `<<-NAME`, `<<"NAME"` outside of quotes; `<<<` is a shell's here-string.
    private func openings(in body: JoinedText) -> [Opening] {
        var result: [Opening] = []
        let text = body.bytes
        var index = 0
        var quote: UInt8?
        while index + 1 < text.count {
            let byte = text[index]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "\\") {
                index += 1
            } else if byte == UInt8(ascii: "<"), text[index + 1] == byte {
                if index + 2 < text.count, text[index + 2] == byte {
                    index += 3
                    continue
                }
                var at = index + 2
                let strips = at < text.count && text[at] == UInt8(ascii: "-")
                if strips { at += 1 }
                let mark = at < text.count && [UInt8(ascii: "\""), UInt8(ascii: "'")].contains(text[at])
                if mark { at += 1 }
                let name = text[at...].prefix {
                    (65...90).contains($0 & 0xDF) || (48...57).contains($0) || $0 == 95
                }
                if let first = name.first, !(48...57).contains(first) {
                    result.append(
                        Opening(
                            name: String(decoding: name, as: UTF8.self),
                            expands: !mark,
                            stripsTabs: strips,
                            offset: body.offsets[index]
                        )
                    )
                }
                index = max(index + 1, name.endIndex)
                if mark, index < text.count { index += 1 }
                continue
            }
            index += 1
        }
        return result
    }
}
