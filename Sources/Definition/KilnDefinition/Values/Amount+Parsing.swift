extension RolloutDefinition.Amount {
    static let pattern = "^(100|[1-9]?[0-9])%$"

    /// A number of instances, or a share of them in percent.
    package init(parsing text: String) throws(ValueError) {
        guard text.utf8.last == 37 else {
            let hint = "a number of instances such as 1, or a share such as 25%"
            guard let count: Int = try? WholeNumber.parse(text, "bad-amount", "", in: 0...1000) else {
                throw ValueError("bad-amount", "\"\(text)\" is no number of instances", hint: hint)
            }
            self = .count(count)
            return
        }
        guard
            let percent: Int = try? WholeNumber.parse(String(text.dropLast()), "bad-amount", "", in: 0...100)
        else {
            throw ValueError("bad-amount", "\"\(text)\" is no share", hint: "a whole number from 0% to 100%")
        }
        self = .percent(percent)
    }

    package var text: String {
        switch self {
        case .count(let count): String(count)
        case .percent(let percent): "\(percent)%"
        }
    }

    var isNone: Bool { self == .count(0) || self == .percent(0) }
}
