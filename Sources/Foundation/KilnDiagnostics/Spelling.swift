/// Finds what the user probably meant.
package enum Spelling {
    /// The candidate nearest to `word`, when it is near enough to be worth a "did you mean"; ties go to the first.
    package static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
        // Nobody misspells longer words than these, and comparing them costs the product of their lengths.
        guard word.utf8.count <= 128 else { return nil }
        let limit = max(1, word.count / 3)
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(Array(word.lowercased()), Array(candidate.lowercased()))
            if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
        }
        return best?.candidate
    }

    /// `did you mean "x"?`, or the list of what is allowed when nothing is near.
    package static func hint(for word: String, in candidates: [String]) -> String? {
        if let nearest = nearest(to: word, in: candidates) { return "did you mean \"\(nearest)\"?" }
        guard !candidates.isEmpty else { return nil }
        let shown = candidates.prefix(20).joined(separator: ", ")
        return "one of: " + shown + (candidates.count > 20 ? ", … (\(candidates.count) in all)" : "")
    }

    /// Edits (insert, delete, replace, swap neighbours) between two words: optimal string alignment distance.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var rows = [Array(0...right.count)]
        for i in 1...left.count {
            var row = [i]
            for j in 1...right.count {
                let substitution = rows[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1)
                var least = min(rows[i - 1][j] + 1, row[j - 1] + 1, substitution)
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                    least = min(least, rows[i - 2][j - 2] + 1)
                }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
