/// A name that the definition brings, as it was on the server.
package struct CopiedEntry: Sendable, Hashable {
    package var node: ServerNode
    package var why: String
    /// Whether the output holds its content.
    package var isWritten: Bool

    package init(node: ServerNode, why: String, isWritten: Bool) {
        self.node = node
        self.why = why
        self.isWritten = isWritten
    }
}

/// A packaged name whose owner or mode no package gives.
package struct MetadataChange: Sendable, Hashable {
    package var node: ServerNode
    package var why: String
}

/// Somebody has to look at it.
package struct UnexplainedFile: Sendable, Hashable, Encodable {
    package var path: String
    package var bytes: Int64
    package var why: String
}
