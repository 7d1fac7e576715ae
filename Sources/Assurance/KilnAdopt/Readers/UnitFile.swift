/// A unit of systemd as its file and drop-ins have it (systemd.syntax(7)): sections of keys with values, in order.
package struct UnitFile: Sendable, Hashable {
    private var entries: [(section: String, key: String, value: String)] = []

    package static func == (left: UnitFile, right: UnitFile) -> Bool {
        left.entries.elementsEqual(right.entries) { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) {
        for entry in entries {
            hasher.combine(entry.section)
            hasher.combine(entry.key)
            hasher.combine(entry.value)
        }
    }

    package init() {}

    package init(_ bytes: [UInt8]) {
        add(bytes)
    }

    /// What a drop-in says comes after; an empty value takes back what was said of the key.
    package mutating func add(_ bytes: [UInt8]) {
        var section = ""
        var pending = ""
        for line in String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false,
            whereSeparator: \.isNewline
        ) {
            var text = Substring(line)
            let start = text.drop(while: \.isWhitespace).first
            if pending.isEmpty, start == "#" || start == ";" { continue }
            // A comment between continued lines is left out, and the line goes on.
            if !pending.isEmpty, start == "#" || start == ";" { continue }
            if text.hasSuffix("\\") {
                text.removeLast()
                pending += text + " "
                if pending.utf8.count > 1 << 16 { pending = "" }
                continue
            }
            let whole = pending + text
            pending = ""
            take(whole, &section)
        }
        if !pending.isEmpty { take(pending, &section) }
    }

    private mutating func take(_ line: String, _ section: inout String) {
        let text = line.trimmedBlanks
        if text.hasPrefix("["), text.hasSuffix("]") {
            section = String(text.dropFirst().dropLast())
        } else if let equals = text.firstIndex(of: "="), entries.count < 10_000 {
            let key = String(text[..<equals]).trimmedBlanks
            let value = String(text[text.index(after: equals)...]).trimmedBlanks
            if value.isEmpty {
                entries.removeAll { $0.section == section && $0.key == key }
            } else {
                entries.append((section, key, value))
            }
        }
    }

    package var isEmpty: Bool { entries.isEmpty }

    package func all(_ section: String, _ key: String) -> [String] {
        entries.filter { $0.section == section && $0.key == key }.map(\.value)
    }

    /// The last one counts, as systemd has it for keys of one value.
    package func last(_ section: String, _ key: String) -> String? { all(section, key).last }

    /// Words separated by spaces, over all values.
    package func words(_ section: String, _ key: String) -> [String] {
        all(section, key).flatMap { Self.split($0) }
    }

    /// A command line's words: quotes hold blanks, C's escapes are taken back (systemd.service(5), "Command lines").
    package static func split(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isWord = false
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                word.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
                isWord = true
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                isWord = true
            } else if character.isWhitespace {
                if isWord { words.append(word) }
                (word, isWord) = ("", false)
            } else {
                word.append(character)
                isWord = true
            }
        }
        if isWord { words.append(word) }
        return words
    }
}

extension String {
    /// Without blanks at either end.
    var trimmedBlanks: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
