/// Whole numbers in decimal: no sign, no leading zero, no underscore, none of YAML's other bases.
enum WholeNumber {
    static func parse<Value: FixedWidthInteger>(
        _ text: String,
        _ code: String,
        _ noun: String,
        in range: ClosedRange<Value>
    ) throws(ValueError) -> Value {
        let isDecimal = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
        guard isDecimal, text == "0" || text.utf8.first != 48 else {
            throw ValueError(
                code,
                "\"\(text)\" is no \(noun)",
                hint: "a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        guard let value = Value(text), range.contains(value) else {
            throw ValueError(
                code,
                "\(text) is no \(noun)",
                hint: "a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }
}
