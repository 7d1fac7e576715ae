/// Runs a pattern over one text.
struct PatternMatcher {
    /// Steps of one text's matching: threads times characters.
    static let limit = 20_000_000

    let pattern: Pattern
    let text: [UInt32]
    private var steps = 0

    /// Ends of the whole and of each group, -1 where a group took no part.
    typealias Match = [Int]

    private struct Thread {
        let place: Int
        let saved: [Int]
    }

    init(_ pattern: Pattern, _ text: String) {
        self.pattern = pattern
        self.text = text.unicodeScalars.map(\.value)
    }

    func text(_ range: Range<Int>) -> String {
        String(String.UnicodeScalarView(text[range].compactMap(Unicode.Scalar.init)))
    }

    /// The text of a group, nil where it took no part.
    func group(_ number: Int, of match: Match) -> String? {
        guard match[number * 2] >= 0, match[number * 2 + 1] >= 0 else { return nil }
        return text(match[number * 2]..<match[number * 2 + 1])
    }

    /// Matches that do not overlap; an empty one does not touch the one before.
    mutating func all() throws(ConversionError) -> [Match] {
        var (result, at, end): ([Match], Int, Int) = ([], 0, -1)
        while at <= text.count, let match = try first(from: at) {
            let isEmpty = match[1] == at
            if !isEmpty || match[0] != end { result.append(match) }
            end = match[1]
            at = isEmpty ? at + 1 : match[1]
        }
        return result
    }

    /// The leftmost match, and of those the one that the pattern prefers.
    mutating func first(from start: Int = 0) throws(ConversionError) -> Match? {
        var current: [Thread] = []
        var found: Match?
        var visited = [Int](repeating: -1, count: pattern.program.count)
        let blank = [Int](repeating: -1, count: (pattern.names.count + 1) * 2)
        for at in start...text.count {
            var next: [Thread] = []
            if found == nil { follow(Thread(place: 0, saved: blank), at, &current, &visited) }
            guard !current.isEmpty else {
                if found != nil { break }
                continue
            }
            steps += current.count
            guard steps <= Self.limit else {
                throw ConversionError(message: "matching the pattern takes too long", isLimit: true)
            }
            for thread in current {
                guard case .set(let set) = pattern.program[thread.place] else {
                    found = thread.saved
                    break
                }
                if at < text.count, set.contains(text[at]) {
                    follow(Thread(place: thread.place + 1, saved: thread.saved), at + 1, &next, &visited)
                }
            }
            current = next
        }
        return found
    }

    /// Adds a thread at its next set or match, each place once for a position of the text.
    private mutating func follow(
        _ thread: Thread,
        _ at: Int,
        _ threads: inout [Thread],
        _ visited: inout [Int]
    ) {
        var stack = [thread]
        while let thread = stack.popLast() {
            guard visited[thread.place] != at else { continue }
            visited[thread.place] = at
            steps += 1
            switch pattern.program[thread.place] {
            case .set, .match: threads.append(thread)
            case .jump(let place): stack.append(Thread(place: place, saved: thread.saved))
            case .split(let first, let second):
                stack.append(Thread(place: second, saved: thread.saved))
                stack.append(Thread(place: first, saved: thread.saved))
            case .save(let slot):
                var saved = thread.saved
                saved[slot] = at
                stack.append(Thread(place: thread.place + 1, saved: saved))
            case .assertion(let assertion):
                if holds(assertion, at) { stack.append(Thread(place: thread.place + 1, saved: thread.saved)) }
            }
        }
    }

    private func holds(_ assertion: PatternNode.Assertion, _ at: Int) -> Bool {
        switch assertion {
        case .textStart: at == 0
        case .textEnd: at == text.count
        case .lineStart: at == 0 || text[at - 1] == 10
        case .lineEnd: at == text.count || text[at] == 10
        case .wordBoundary: isWord(at - 1) != isWord(at)
        case .noWordBoundary: isWord(at - 1) == isWord(at)
        }
    }

    private func isWord(_ at: Int) -> Bool {
        guard text.indices.contains(at) else { return false }
        switch text[at] {
        case 48...57, 65...90, 95, 97...122: return true
        default: return false
        }
    }
}
