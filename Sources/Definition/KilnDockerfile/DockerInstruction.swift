/// A keyword and what follows it, with its continued lines joined.
package struct DockerInstruction: Sendable {
    /// In capitals.
    package let keyword: String
    package let keywordRange: Range<Int>
    package let flags: [DockerFlag]
    /// What follows the flags.
    package let body: JoinedText
    package let heredocs: [DockerHeredoc]
    /// From the keyword to the end of its last line.
    package let range: Range<Int>

    /// The body split at blanks, quotes taken off.
    package var words: [DockerWord] { body.words }

    /// The elements of the JSON form (`["a", "b"]`); nil in the shell form.
    package var json: [DockerWord]? { body.jsonArray }

    package func flag(_ name: String) -> DockerFlag? { flags.first { $0.name == name } }

    /// `ONBUILD` and `HEALTHCHECK CMD` hold another instruction; nil for the others.
    package var inner: DockerInstruction? {
        guard keyword == "ONBUILD" || keyword == "HEALTHCHECK", let first = words.first else { return nil }
        let name = first.text.uppercased()
        guard name != "NONE", name != "ONBUILD" else { return nil }
        let rest = body.dropping(through: first.end)
        let (flags, body) = DockerFlag.taken(from: rest)
        return DockerInstruction(
            keyword: name,
            keywordRange: first.range,
            flags: flags,
            body: body,
            heredocs: heredocs,
            range: range
        )
    }

    /// Names and values of `ENV`, `ARG` and `LABEL`. The old form `ENV name value` has one pair.
    package var pairs: [DockerPair] {
        let words = self.words
        guard let first = words.first else { return [] }
        if keyword != "ARG", !first.written.contains("=") {
            let rest = body.dropping(through: first.end)
            guard !rest.bytes.isEmpty else { return [] }
            let value = DockerWord(
                text: rest.string,
                written: rest.string,
                range: rest.range,
                end: body.bytes.count
            )
            return [DockerPair(name: first.text, value: value, range: first.range)]
        }
        return words.map { word in
            guard let equals = word.text.firstIndex(of: "=") else {
                return DockerPair(name: word.text, value: nil, range: word.range)
            }
            let name = String(word.text[..<equals])
            let text = String(word.text[word.text.index(after: equals)...])
            let start = min(word.range.upperBound, word.range.lowerBound + name.utf8.count + 1)
            let value = DockerWord(
                text: text,
                written: text,
                range: start..<max(start, word.range.upperBound),
                end: word.end
            )
            return DockerPair(name: name, value: value, range: word.range)
        }
    }
}

package struct DockerPair: Sendable, Hashable {
    package let name: String
    package let value: DockerWord?
    package let range: Range<Int>
}

package struct DockerWord: Sendable, Hashable {
    /// Without quotes.
    package let text: String
    /// With them.
    package let written: String
    /// In the file.
    package let range: Range<Int>
    /// Where it ends in the joined text.
    let end: Int
}

/// `--name=value`, or `--name` alone.
package struct DockerFlag: Sendable, Hashable {
    package let name: String
    package let value: String?
    package let range: Range<Int>

    static func taken(from body: JoinedText) -> (flags: [DockerFlag], rest: JoinedText) {
        var flags: [DockerFlag] = []
        var rest = body
        while rest.bytes.starts(with: "--".utf8), let word = rest.firstWord {
            let text = word.text.dropFirst(2)
            let equals = text.firstIndex(of: "=")
            flags.append(
                DockerFlag(
                    name: String(text[..<(equals ?? text.endIndex)]),
                    value: equals.map { String(text[text.index(after: $0)...]) },
                    range: word.range
                )
            )
            rest = rest.dropping(through: word.end)
        }
        return (flags, rest)
    }
}

/// `<<NAME … NAME` below a `RUN`, `COPY` or `ADD`.
package struct DockerHeredoc: Sendable, Hashable {
    package let name: String
    /// Quoted names keep variables from being put in.
    package let expands: Bool
    /// Of the lines between, in the file.
    package let range: Range<Int>
    package let text: JoinedText
}
