/// A package's version, ordered as dpkg orders them (deb-version(7)).
package struct DebianVersion: Sendable, Comparable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    package static func == (left: DebianVersion, right: DebianVersion) -> Bool { compare(left, right) == 0 }
    package static func < (left: DebianVersion, right: DebianVersion) -> Bool { compare(left, right) < 0 }

    private var parts: (epoch: Int, upstream: Substring.UTF8View, revision: Substring.UTF8View) {
        var rest = Substring(description)
        var epoch = 0
        if let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")), let number = Int(rest[..<colon]) {
            epoch = number
            rest = rest[rest.utf8.index(after: colon)...]
        }
        guard let dash = rest.utf8.lastIndex(of: UInt8(ascii: "-")) else {
            return (epoch, rest.utf8, Substring().utf8)
        }
        return (epoch, rest[..<dash].utf8, rest[rest.utf8.index(after: dash)...].utf8)
    }

    private static func compare(_ left: DebianVersion, _ right: DebianVersion) -> Int {
        let (left, right) = (left.parts, right.parts)
        if left.epoch != right.epoch { return left.epoch < right.epoch ? -1 : 1 }
        let upstream = compare(left.upstream, right.upstream)
        return upstream != 0 ? upstream : compare(left.revision, right.revision)
    }

    /// Runs that are no digits by rank, then runs of digits by value, in turn.
    private static func compare(_ left: Substring.UTF8View, _ right: Substring.UTF8View) -> Int {
        var (left, right) = (left, right)
        while !left.isEmpty || !right.isEmpty {
            while hasWord(left) || hasWord(right) {
                let difference = rank(left.first) - rank(right.first)
                if difference != 0 { return difference }
                left = left.dropFirst()
                right = right.dropFirst()
            }
            let (a, b) = (takeNumber(&left), takeNumber(&right))
            if a.count != b.count { return a.count - b.count }
            if let place = zip(a, b).first(where: { $0 != $1 }) { return Int(place.0) - Int(place.1) }
        }
        return 0
    }

    private static func hasWord(_ bytes: Substring.UTF8View) -> Bool {
        bytes.first.map { !isDigit($0) } ?? false
    }

    /// Without the zeros in front.
    private static func takeNumber(_ bytes: inout Substring.UTF8View) -> Substring.UTF8View {
        let number = bytes.prefix(while: isDigit)
        bytes = bytes[number.endIndex...]
        return number.drop { $0 == UInt8(ascii: "0") }
    }

    /// `~` before the end, the end (and a digit) before letters, letters before the rest.
    private static func rank(_ byte: UInt8?) -> Int {
        guard let byte, !isDigit(byte) else { return 0 }
        if byte == UInt8(ascii: "~") { return -1 }
        let isLetter = (65...90).contains(byte) || (97...122).contains(byte)
        return isLetter ? Int(byte) : Int(byte) + 256
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
