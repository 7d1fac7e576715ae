package import KilnDiagnostics

/// A debconf question that is answered before its package is configured (debconf-set-selections(1)).
package struct DebconfAnswer: Sendable, Hashable {
    /// debconf's types that take an answer, but for `password`: an image is no place for a secret.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case string, boolean, select, multiselect
    }

    /// Whose question it is.
    package var package: String
    package var question: String
    package var kind: Kind
    package var value: String
    package var span: SourceSpan?

    package init(package: String, question: String, kind: Kind, value: String, span: SourceSpan? = nil) {
        self.package = package
        self.question = question
        self.kind = kind
        self.value = value
        self.span = span
    }
}
