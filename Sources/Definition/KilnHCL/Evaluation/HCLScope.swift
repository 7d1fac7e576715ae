/// The names that an expression sees.
package struct HCLScope: Sendable {
    /// What a name that nobody defined is.
    package enum Unresolved: Sendable {
        case error
        /// Unknown, and so is what is made of it: for tools that see a part of the world.
        case unknown
    }

    package var variables: [String: HCLValue]
    package var functions: [String: HCLFunction]
    package var unresolved: Unresolved

    package init(
        variables: [String: HCLValue] = [:],
        functions: [String: HCLFunction] = [:],
        unresolved: Unresolved = .error
    ) {
        (self.variables, self.functions, self.unresolved) = (variables, functions, unresolved)
    }

    func adding(_ inner: [String: HCLValue]) -> HCLScope {
        var result = self
        for (name, value) in inner { result.variables[name] = value }
        return result
    }
}

/// A function of the table: pure, from values to a value.
package struct HCLFunction: Sendable {
    package let parameters: [HCLType]
    /// The type of further arguments; nil when there are none.
    package let rest: HCLType?
    /// Whether null and unknown arguments are handed in, rather than refused or answered with unknown.
    package let seesAll: Bool
    package let body: @Sendable ([HCLValue]) throws(ConversionError) -> HCLValue

    package init(
        _ parameters: [HCLType],
        rest: HCLType? = nil,
        seesAll: Bool = false,
        _ body: @escaping @Sendable ([HCLValue]) throws(ConversionError) -> HCLValue
    ) {
        (self.parameters, self.rest, self.seesAll, self.body) = (parameters, rest, seesAll, body)
    }
}
