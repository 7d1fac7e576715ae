/// How the fields of a package are spelled (deb-control(5), deb-version(7)).
///
/// What passes here can stand in an apt argument, a URL and a file name without meaning anything else.
enum PackageSyntax {
    /// Lower-case letters, digits and `+-.`, at least two characters. A trailing `-` would tell apt to remove.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLower(first) || isDigit(first) else { return false }
        return (2...128).contains(text.utf8.count) && text.utf8.last != 0x2D
            && text.utf8.allSatisfy { isLower($0) || isDigit($0) || "+-.".utf8.contains($0) }
    }

    static func isVersion(_ text: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first) else { return false }
        return text.utf8.count <= 256
            && text.utf8.allSatisfy { isAlphanumeric($0) || ".+-~:".utf8.contains($0) }
    }

    static func isArchitecture(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLower(first) || isDigit(first) else { return false }
        return text.utf8.count <= 32 && text.utf8.allSatisfy { isLower($0) || isDigit($0) || $0 == 0x2D }
    }

    /// Relative, printable ASCII, and no way out of the archive.
    static func isPoolPath(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 1024 else { return false }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x5C }) else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }

    static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || isDigit(byte) || (0x41...0x5A).contains(byte)
    }
}
