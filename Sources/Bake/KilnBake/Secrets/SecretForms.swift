/// The spellings under which a secret is looked for: as it is, in base64 (RFC 4648, both alphabets, wherever in a
/// longer text it begins) and in hexadecimal. What is compressed or encrypted cannot be found.
struct SecretForms: Sendable {
    let name: String
    /// As it is.
    let plain: [UInt8]
    /// The beginnings of what encoders make of it, none of them shorter than what can be told from chance. Encoders put line
    /// ends anywhere in between.
    let encoded: [[UInt8]]

    var all: [[UInt8]] { [plain] + encoded }

    /// Bytes of a secret whose encoding is looked for: who finds so many has found it.
    private static let longest = 57

    init(_ secret: SecretValue) {
        name = secret.name
        plain = secret.core
        let core = Array(secret.core.prefix(Self.longest))
        var forms: Set<[UInt8]> = [
            Self.hex(core, "0123456789abcdef"), Self.hex(core, "0123456789ABCDEF"),
        ]
        for offset in 0..<3 { forms.formUnion(Self.base64(core, offset: offset)) }
        encoded = forms.filter { $0.count >= SecretValue.shortest }
            .sorted { ($1.count, $0.description) < ($0.count, $1.description) }
    }

    private static func hex(_ bytes: [UInt8], _ digits: StaticString) -> [UInt8] {
        digits.withUTF8Buffer { digits in
            bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        }
    }

    /// What base64 makes of the secret when `offset` bytes stand before it in its first group of three: the whole groups
    /// that are the secret's alone.
    private static func base64(_ bytes: [UInt8], offset: Int) -> [[UInt8]] {
        let own = bytes.dropFirst((3 - offset) % 3)
        let groups = own.prefix(own.count / 3 * 3)
        return [alphabet + "+/", alphabet + "-_"].map { letters in
            let letters = Array(letters.utf8)
            var text: [UInt8] = []
            for start in stride(from: groups.startIndex, to: groups.endIndex, by: 3) {
                let bits = groups[start..<start + 3].reduce(0) { $0 << 8 | Int($1) }
                text += [18, 12, 6, 0].map { letters[bits >> $0 & 63] }
            }
            return text
        }
    }

    private static let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
}
