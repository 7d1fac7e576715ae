package import KilnDiagnostics

/// What a file or a block holds, in the order it was written.
package struct HCLBody: Sendable, Hashable {
    package var attributes: [HCLAttribute] = []
    package var blocks: [HCLBlock] = []
    /// Of the whole body, without its braces.
    package var range: Range<Int> = 0..<0
    /// Of a body in JSON, which a schema turns into attributes and blocks; nil in the native syntax.
    package var properties: [JSONProperty]?

    package subscript(attribute name: String) -> HCLAttribute? { attributes.first { $0.name == name } }
}

package struct HCLAttribute: Sendable, Hashable {
    package let name: String
    package let nameRange: Range<Int>
    package let expression: HCLExpression
}

package struct HCLBlock: Sendable, Hashable {
    package let type: String
    package let typeRange: Range<Int>
    package let labels: [String]
    package let body: HCLBody
    /// From the type to the closing brace.
    package let range: Range<Int>
}

/// Something wrong in a source, at a range of its bytes.
package struct HCLProblem: Error, Sendable, Hashable {
    package let code: String
    package let message: String
    package let range: Range<Int>
    package let hint: String?

    init(_ code: String, _ message: String, _ range: Range<Int>, hint: String? = nil) {
        (self.code, self.message, self.range, self.hint) = ("hcl." + code, message, range, hint)
    }

    func moved(to range: Range<Int>) -> HCLProblem {
        HCLProblem(String(code.dropFirst(4)), message, range, hint: hint)
    }
}

/// A parsed file: as much of it as could be read, and all that is wrong with it.
package struct HCLFile: Sendable {
    package let source: HCLSource
    package let body: HCLBody
    /// Comments with their markers; a line comment without its newline.
    package let comments: [Range<Int>]
    package let problems: [HCLProblem]

    package var diagnostics: [Diagnostic] { problems.map(source.diagnostic) }
}
