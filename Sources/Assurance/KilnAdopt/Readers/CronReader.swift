/// A line of a crontab.
package struct CronJob: Sendable, Hashable {
    package var schedule: String
    package var user: String
    package var command: String
    /// From the root.
    package var file: String
    package var line: Int
}

/// crontab(5): the system's have a user in each line, a user's own are that user's.
package enum CronReader {
    package static func read(_ bytes: [UInt8], file: String, user: String?) -> [CronJob] {
        let lines = String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false,
            whereSeparator: \.isNewline
        )
        return lines.enumerated().compactMap { number, line in
            let text = line.drop(while: \.isWhitespace)
            guard let first = text.first, first != "#", text.utf8.count <= 4096, !isSetting(text) else {
                return nil
            }
            var rest = text
            let count = first == "@" ? 1 : 5
            var schedule: [Substring] = []
            for _ in 0..<count {
                guard let word = next(&rest), isField(word, count) else { return nil }
                schedule.append(word)
            }
            var owner = user
            if owner == nil {
                guard let word = next(&rest) else { return nil }
                owner = String(word)
            }
            let command = String(rest).trimmedBlanks
            guard let owner, !command.isEmpty else { return nil }
            return CronJob(
                schedule: schedule.joined(separator: " "),
                user: owner,
                command: command,
                file: file,
                line: number + 1
            )
        }
    }

    private static func next(_ rest: inout Substring) -> Substring? {
        rest = rest.drop(while: \.isWhitespace)
        let word = rest.prefix { !$0.isWhitespace }
        rest = rest[word.endIndex...]
        return word.isEmpty ? nil : word
    }

    private static func isField(_ word: Substring, _ count: Int) -> Bool {
        count == 1 || word.allSatisfy { $0.isNumber || $0.isLetter || "*,-/~?#".contains($0) }
    }

    /// `NAME = value`.
    private static func isSetting(_ text: Substring) -> Bool {
        guard let equals = text.firstIndex(of: "=") else { return false }
        let name = String(text[..<equals]).trimmedBlanks
        return !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "\"" }
    }
}

/// sysctl.conf(5).
package enum SysctlReader {
    package struct Setting: Sendable, Hashable {
        package var key: String
        package var value: String
        package var file: String
    }

    package static func read(_ bytes: [UInt8], file: String) -> [Setting] {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            var text = line.drop(while: \.isWhitespace)
            guard let first = text.first, first != "#", first != ";" else { return nil }
            if first == "-" { text = text.dropFirst() }
            guard let equals = text.firstIndex(of: "=") else { return nil }
            let key = String(text[..<equals]).trimmedBlanks
            guard !key.isEmpty else { return nil }
            return Setting(
                key: key,
                value: String(text[equals...].dropFirst()).trimmedBlanks,
                file: file
            )
        }
    }
}
