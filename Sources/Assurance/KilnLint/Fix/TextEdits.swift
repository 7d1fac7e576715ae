/// Replacements in a file: what is not named stays byte for byte.
package struct TextEdits: Sendable {
    struct Edit: Sendable, Hashable {
        let range: Range<Int>
        let text: String
    }

    private(set) var edits: [Edit] = []

    package var isEmpty: Bool { edits.isEmpty }

    /// Of two that touch the same bytes the first stays.
    mutating func replace(_ range: Range<Int>, with text: String) {
        let edit = Edit(range: range, text: text)
        guard !edits.contains(edit) else { return }
        let overlaps = edits.contains { $0.range.overlaps(range) && !$0.range.isEmpty && !range.isEmpty }
        if !overlaps { edits.append(edit) }
    }

    mutating func insert(_ text: String, at offset: Int) { replace(offset..<offset, with: text) }

    package func applied(to bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var place = 0
        let ordered = edits.enumerated().sorted {
            ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset)
        }
        for (_, edit) in ordered {
            guard edit.range.lowerBound >= place, edit.range.upperBound <= bytes.count else { continue }
            result += bytes[place..<edit.range.lowerBound] + Array(edit.text.utf8)
            place = edit.range.upperBound
        }
        return result + bytes[place...]
    }
}

/// The difference of two texts as `diff -u` writes it.
package enum UnifiedDiff {
    private static let context = 3

    package static func render(_ old: [UInt8], _ new: [UInt8], name: String) -> String {
        let (before, after) = (lines(old), lines(new))
        let changes = after.difference(from: before)
        let removed = Set(
            changes.removals.compactMap { if case .remove(let offset, _, _) = $0 { offset } else { nil } }
        )
        let inserted = Set(
            changes.insertions.compactMap { if case .insert(let offset, _, _) = $0 { offset } else { nil } }
        )
        guard !removed.isEmpty || !inserted.isEmpty else { return "" }
        var rows: [(mark: Character, text: String)] = []
        var (left, right) = (0, 0)
        while left < before.count || right < after.count {
            if left < before.count, removed.contains(left) {
                rows.append(("-", before[left]))
                left += 1
            } else if right < after.count, inserted.contains(right) {
                rows.append(("+", after[right]))
                right += 1
            } else {
                rows.append((" ", before[left]))
                (left, right) = (left + 1, right + 1)
            }
        }
        return (["--- a/\(name)", "+++ b/\(name)"] + hunks(rows)).joined(separator: "\n")
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    private static func hunks(_ rows: [(mark: Character, text: String)]) -> [String] {
        let changed = rows.indices.filter { rows[$0].mark != " " }
        var ranges: [ClosedRange<Int>] = []
        for index in changed {
            let low = max(0, index - context)
            let high = min(rows.count - 1, index + context)
            if let last = ranges.last, low <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...high
            } else {
                ranges.append(low...high)
            }
        }
        return ranges.flatMap { range -> [String] in
            let head = rows[..<range.lowerBound]
            let body = rows[range]
            let (left, right) = (head.count { $0.mark != "+" }, head.count { $0.mark != "-" })
            let (olds, news) = (body.count { $0.mark != "+" }, body.count { $0.mark != "-" })
            return ["@@ -\(left + 1),\(olds) +\(right + 1),\(news) @@"] + body.map { "\($0.mark)\($0.text)" }
        }
    }
}
