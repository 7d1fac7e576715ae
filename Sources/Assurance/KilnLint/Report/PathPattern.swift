/// A path with `*` (within a folder) and `**` (across folders), as settings name files.
struct PathPattern {
    private let pattern: [Character]

    init(_ text: String) {
        pattern = Array(text.hasPrefix("./") ? String(text.dropFirst(2)) : text)
    }

    func matches(_ path: String) -> Bool {
        let text = Array(path.hasPrefix("./") ? String(path.dropFirst(2)) : path)
        // One row of a table: the places of the text that what was read of the pattern may end at.
        var reached: Set<Int> = [0]
        var index = 0
        while index < pattern.count, !reached.isEmpty {
            if pattern[index] == "*" {
                let crosses = index + 1 < pattern.count && pattern[index + 1] == "*"
                index += crosses ? 2 : 1
                if crosses, index < pattern.count, pattern[index] == "/" { index += 1 }
                var next = reached
                for start in reached {
                    var end = start
                    while end < text.count, crosses || text[end] != "/" {
                        end += 1
                        next.insert(end)
                    }
                }
                reached = next
            } else {
                reached = Set(
                    reached.compactMap { $0 < text.count && text[$0] == pattern[index] ? $0 + 1 : nil }
                )
                index += 1
            }
        }
        return reached.contains(text.count)
    }
}
