/// A licence as packages write it: a name, or names joined by `AND`, `OR` and `WITH` with parentheses (SPDX specification, annex
/// "SPDX license expressions"; Debian's and rpm's lists have the words in lower case).
struct LicenceExpression {
    private indirect enum Node {
        case name(String)
        /// All of them hold.
        case all([Node])
        /// Whoever takes the package chooses one.
        case any([Node])
    }

    private let text: String

    init(_ text: String) {
        self.text = text
    }

    /// Whether the package cannot be taken without a licence that is denied.
    func isDenied(by denies: (String) -> Bool) -> Bool {
        if denies(text) { return true }
        var reader = Reader(Self.tokens(text))
        let node = reader.choice(depth: 0)
        // What is no expression is judged by each of its words.
        guard let node, reader.isAtEnd else { return Self.tokens(text).contains(where: denies) }
        return Self.isDenied(node, denies)
    }

    private static func isDenied(_ node: Node, _ denies: (String) -> Bool) -> Bool {
        switch node {
        case .name(let name): denies(name)
        case .all(let parts): parts.contains { isDenied($0, denies) }
        case .any(let parts): parts.allSatisfy { isDenied($0, denies) }
        }
    }

    /// Words, with parentheses and commas apart.
    private static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        var word = ""
        func end() {
            if !word.isEmpty { tokens.append(word) }
            word = ""
        }
        for character in text {
            switch character {
            case "(", ")", ",", ";":
                end()
                tokens.append(String(character))
            case _ where character.isWhitespace: end()
            default: word.append(character)
            }
        }
        end()
        return tokens
    }

    private struct Reader {
        private static let deepest = 64

        private let tokens: [String]
        private var place = 0

        init(_ tokens: [String]) {
            self.tokens = tokens
        }

        var isAtEnd: Bool { place == tokens.count }

        /// `or` that begins "or later" belongs to the name before it.
        private var operation: String? {
            guard place < tokens.count else { return nil }
            let word = tokens[place].lowercased()
            let next = place + 1 < tokens.count ? tokens[place + 1].lowercased() : ""
            if word == "or", ["later", "newer", "greater", "higher"].contains(where: next.hasPrefix) {
                return nil
            }
            return ["and", "or", "and/or", "with", ",", ";", ")", "("].contains(word) ? word : nil
        }

        mutating func choice(depth: Int) -> Node? {
            guard depth < Self.deepest, let first = conjunction(depth) else { return nil }
            var parts = [first]
            while operation == "or" {
                place += 1
                guard let part = conjunction(depth) else { return nil }
                parts.append(part)
            }
            return parts.count == 1 ? first : .any(parts)
        }

        private mutating func conjunction(_ depth: Int) -> Node? {
            guard let first = atom(depth) else { return nil }
            var parts = [first]
            while let word = operation, ["and", "and/or", ",", ";"].contains(word) {
                place += 1
                // `GPL-2, and MIT`
                if word == ",", operation == "and" { place += 1 }
                guard let part = atom(depth) else { return nil }
                parts.append(part)
            }
            return parts.count == 1 ? first : .all(parts)
        }

        /// A name and its exception, or an expression in parentheses.
        private mutating func atom(_ depth: Int) -> Node? {
            if operation == "(" {
                place += 1
                guard let inner = choice(depth: depth + 1), operation == ")" else { return nil }
                place += 1
                return inner
            }
            var words: [String] = []
            while place < tokens.count, operation == nil || operation == "with" {
                words.append(tokens[place])
                place += 1
            }
            guard !words.isEmpty else { return nil }
            let bare = words.prefix { $0.lowercased() != "with" }
            let whole = Node.name(words.joined(separator: " "))
            guard bare.count < words.count, !bare.isEmpty else { return whole }
            // An exception takes nothing away from who denies the licence.
            return .all([whole, .name(bare.joined(separator: " "))])
        }
    }
}
