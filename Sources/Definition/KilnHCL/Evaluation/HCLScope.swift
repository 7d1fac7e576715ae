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
    /// Variables that hold a part of the world only: an attribute that one lacks is unknown.
    package var open: Set<String> = []

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
