/// The form of the account files, as C reads it: by bytes. A `Character` may hold a separator and what comes after it.
enum AccountText {
    /// Empty ones included, the one after the last line feed too.
    static func lines(_ text: String) -> [Substring] {
        text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Substring($0) }
    }

    static func fields(_ line: Substring) -> [Substring] {
        line.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { Substring($0) }
    }
}
