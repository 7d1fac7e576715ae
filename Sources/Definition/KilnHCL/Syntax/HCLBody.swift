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

    /// The blocks of a type, in the order they were written.
    package func blocks(_ type: String) -> [HCLBlock] { blocks.filter { $0.type == type } }
}

/// `name = expression`. The value's place is the expression's range.
package struct HCLAttribute: Sendable, Hashable {
    package let name: String
    package let nameRange: Range<Int>
    package let expression: HCLExpression

    /// From the name to the value's end.
    package var range: Range<Int> {
        nameRange.lowerBound..<max(nameRange.upperBound, expression.range.upperBound)
    }
}

package struct HCLBlock: Sendable, Hashable {
    package let type: String
    package let typeRange: Range<Int>
    package let labels: [String]
    /// Of each label, with its quotes.
    package let labelRanges: [Range<Int>]
    package let body: HCLBody
    /// From the type to the closing brace.
    package let range: Range<Int>

    /// From the type to the last label: what a message about the whole block points at.
    package var headRange: Range<Int> {
        typeRange.lowerBound..<max(typeRange.upperBound, labelRanges.last?.upperBound ?? 0)
    }
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

    package var diagnostics: [Diagnostic] {
        let lines = HCLLines(source)
        return problems.map { lines.diagnostic($0) }
    }
}
