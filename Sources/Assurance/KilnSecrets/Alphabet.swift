/// Sets of bytes that tokens are made of.
struct Alphabet: Sendable {
    private let members: [Bool]

    init(_ text: String) {
        var members = [Bool](repeating: false, count: 256)
        for byte in text.utf8 { members[Int(byte)] = true }
        self.members = members
    }

    func contains(_ byte: UInt8) -> Bool { members[Int(byte)] }

    private static let digits = "0123456789"
    private static let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    private static let lower = "abcdefghijklmnopqrstuvwxyz"
    static let base62Digits = Array((digits + upper + lower).utf8)

    static let letters = Alphabet(upper + lower)
    static let base62 = Alphabet(digits + upper + lower)
    static let upperBase36 = Alphabet(digits + upper)
    static let hex = Alphabet(digits + "abcdef")
    static let word = Alphabet(digits + upper + lower + "_")
    static let url = Alphabet(digits + upper + lower + "_-")
    static let dotted = Alphabet(digits + upper + lower + "_-.")
    static let base64 = Alphabet(digits + upper + lower + "+/=")
    static let path = Alphabet(digits + upper + lower + "/")
}
