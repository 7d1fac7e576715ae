package import KilnDiagnostics

/// What must be so of an image before a release is made of it: asked of an instance that is started for it.
package struct CheckDefinition: Sendable, Hashable, Codable {
    package enum Question: Sendable, Hashable, Codable {
        /// GET; `contains` is looked for in the body.
        case http(port: UInt16, path: String, status: Int, contains: String?)
        case tcp(port: UInt16)
        /// A command beside the instance's own process, or alone where the image starts nothing; `contains` is looked for
        /// in its output.
        case run([String], status: Int, contains: String?)
        case file(path: String, exists: Bool, mode: UInt32?)
    }

    package var question: Question
    /// For the whole answer.
    package var timeout: Duration
    package var span: SourceSpan?

    package init(_ question: Question, timeout: Duration = .seconds(10), span: SourceSpan? = nil) {
        self.question = question
        self.timeout = timeout
        self.span = span
    }

    private enum CodingKeys: String, CodingKey {
        case question
        case timeout
    }

    /// `http :8080/healthz`, `run java -version`.
    package var title: String {
        switch question {
        case .http(let port, let path, _, _): "http :\(port)\(path)"
        case .tcp(let port): "tcp :\(port)"
        case .run(let words, _, _): "run \(words.joined(separator: " "))"
        case .file(let path, _, _): "file \(path)"
        }
    }
}
