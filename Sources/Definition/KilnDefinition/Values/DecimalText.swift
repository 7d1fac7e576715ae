/// Decimal numbers with two places at most: no sign, no exponent, no leading zero.
package enum DecimalText {
    package static func parse(_ text: some StringProtocol) -> Double? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let isDecimal = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
        guard isDecimal, (1...2).contains(parts.count), parts[0].utf8.count <= 4,
            parts[0] == "0" || parts[0].utf8.first != 48, parts.count == 1 || parts[1].utf8.count <= 2
        else { return nil }
        return Double(String(text))
    }

    /// Without zeros at the end.
    package static func text(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let (whole, rest) = (hundredths / 100, hundredths % 100)
        if rest == 0 { return String(whole) }
        if rest % 10 == 0 { return "\(whole).\(rest / 10)" }
        return "\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
