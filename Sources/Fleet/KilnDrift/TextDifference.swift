/// Lines that differ between two texts, in the way of diff(1): `-` went, `+` came, with a little of what is around.
package enum TextDifference {
    private static let around = 2
    /// Beyond this the comparison would cost more than it tells: then all lines of one side go and all of the other come.
    private static let work = 1 << 20

    /// At most `limit` bytes, and a word about the rest.
    package static func lines(from old: String, to new: String, limit: Int = 4096) -> String {
        let before = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let after = new.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let head = zip(before, after).prefix { $0 == $1 }.count
        let tail = zip(before.dropFirst(head).reversed(), after.dropFirst(head).reversed()).prefix {
            $0 == $1
        }
        .count
        let gone = Array(before[head..<(before.count - tail)])
        let come = Array(after[head..<(after.count - tail)])
        let start = max(0, head - around)
        var lines = ["@@ line \(head + 1) @@"] + before[start..<head].map { " \($0)" }
        lines += changes(gone, come)
        lines += before.suffix(tail).prefix(around).map { " \($0)" }
        return bounded(lines, limit)
    }

    /// By the longest common subsequence.
    private static func changes(_ gone: [String], _ come: [String]) -> [String] {
        guard !gone.isEmpty, !come.isEmpty, gone.count * come.count <= work else {
            return gone.map { "-\($0)" } + come.map { "+\($0)" }
        }
        let width = come.count + 1
        var lengths = [Int32](repeating: 0, count: (gone.count + 1) * width)
        for i in gone.indices.reversed() {
            for j in come.indices.reversed() {
                lengths[i * width + j] =
                    gone[i] == come[j]
                    ? lengths[(i + 1) * width + j + 1] + 1
                    : max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
            }
        }
        var lines: [String] = []
        var (i, j) = (0, 0)
        while i < gone.count || j < come.count {
            if i < gone.count, j < come.count, gone[i] == come[j] {
                lines.append(" \(gone[i])")
                (i, j) = (i + 1, j + 1)
            } else if j == come.count
                || (i < gone.count && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])
            {
                lines.append("-\(gone[i])")
                i += 1
            } else {
                lines.append("+\(come[j])")
                j += 1
            }
        }
        return lines
    }

    private static func bounded(_ lines: [String], _ limit: Int) -> String {
        var text = ""
        for (index, line) in lines.enumerated() {
            let line = shown(line, limit)
            guard text.utf8.count + line.utf8.count < limit else {
                return text + "… \(lines.count - index) more lines\n"
            }
            text += line + "\n"
        }
        return text
    }

    private static func shown(_ line: String, _ limit: Int) -> String {
        line.utf8.count > limit / 4 ? String(line.prefix(limit / 8)) + "…" : line
    }
}
