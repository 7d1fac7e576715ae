/// A program with its arguments, found in a script.
struct ShellCommand: Sendable {
    struct Word: Sendable {
        /// Quotes taken off; variables as they were written.
        var text: String
        /// In the script's bytes.
        var range: Range<Int>
        /// It holds a variable or a substitution.
        var isDynamic = false
    }

    struct Redirect: Sendable {
        /// Such as `>>`, `2>`, `<`.
        let sign: String
        let target: Word
    }

    /// `name=value` before the program.
    var assignments: [Word] = []
    var words: [Word] = []
    var redirects: [Redirect] = []
    /// Commands with one number read from one another, in their order.
    var pipeline = 0
    /// Text that is fed to it by `<<`.
    var input: String?

    /// The program's name, without its folder.
    var program: String {
        let text = words.first?.text ?? ""
        return text.split(separator: "/").last.map(String.init) ?? text
    }

    var arguments: [String] { words.dropFirst().map(\.text) }

    var range: Range<Int> {
        let all = assignments + words
        guard let first = all.first, let last = all.last else { return 0..<0 }
        return first.range.lowerBound..<last.range.upperBound
    }

    /// Arguments that are no options, and not what `valued` options take.
    func operands(valued: Set<String> = []) -> [Word] {
        var result: [Word] = []
        var skipsNext = false
        var onlyOperands = false
        for word in words.dropFirst() {
            if skipsNext {
                skipsNext = false
            } else if onlyOperands || !word.text.hasPrefix("-") || word.text == "-" {
                result.append(word)
            } else if word.text == "--" {
                onlyOperands = true
            } else {
                skipsNext = valued.contains(word.text)
            }
        }
        return result
    }

    func hasOption(_ names: String...) -> Bool {
        arguments.contains { argument in
            names.contains { argument == $0 || argument.hasPrefix($0 + "=") }
        }
    }

    /// The value of `--name value`, `--name=value`, `-n value`.
    func option(_ names: String...) -> String? {
        let arguments = self.arguments
        for (index, argument) in arguments.enumerated() {
            for name in names {
                if argument == name { return index + 1 < arguments.count ? arguments[index + 1] : "" }
                if argument.hasPrefix(name + "=") { return String(argument.dropFirst(name.count + 1)) }
            }
        }
        return nil
    }
}
