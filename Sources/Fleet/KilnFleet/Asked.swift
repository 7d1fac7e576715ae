/// Who asked for a change of a fleet, and what they said about it.
package struct Asked: Sendable, Hashable, Codable {
    /// The login of a person, or the name of a program.
    package var author: String?
    package var message: String?

    package init(author: String? = nil, message: String? = nil) {
        self.author = author
        self.message = message
    }
}
