/// Permission bits as a quoted octal number of three or four digits: `"0644"`.
enum FileMode {
    static let pattern = "^[0-7]?[0-7]{3}$"

    static func parse(_ text: String) throws(ValueError) -> UInt32 {
        guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (48...55).contains($0) }),
            let mode = UInt32(text, radix: 8)
        else {
            throw ValueError(
                "bad-mode",
                "\"\(text)\" is no mode",
                hint: "octal digits in quotes, such as \"0644\" or \"0755\""
            )
        }
        return mode
    }

    static func text(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
