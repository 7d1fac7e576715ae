/// Names and numbers of users inside an image.
enum UserName {
    static let pattern = "^[a-z_][a-z0-9_-]{0,31}$"
    static let numbers: ClosedRange<UInt32> = 1...(1 << 31 - 2)

    /// A name as useradd(8) takes it.
    static func parse(_ text: String) throws(ValueError) -> String {
        guard isName(text) else {
            throw ValueError(
                "bad-user",
                "\"\(text)\" is no user name",
                hint: "lower-case letters, digits, _ and -, a letter or _ first, at most 32 characters"
            )
        }
        return text
    }

    /// A name, or a number for a user without one.
    static func parseReference(_ text: String) throws(ValueError) -> String {
        if text.utf8.allSatisfy({ (48...57).contains($0) }), !text.isEmpty {
            let number: UInt32 = try WholeNumber.parse(
                text,
                "bad-user",
                "user id",
                in: 0...numbers.upperBound
            )
            return String(number)
        }
        if text.contains(":") {
            let name = text.prefix { $0 != ":" }
            throw ValueError(
                "bad-user",
                "\"\(text)\" is no user name",
                hint: "write \(name): the group is the user's own"
            )
        }
        return try parse(text)
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first) || first == 95 else { return false }
        return text.utf8.count <= 32
            && text.utf8.allSatisfy { byte in
                (97...122).contains(byte) || (48...57).contains(byte) || byte == 95 || byte == 45
            }
    }
}
