/// A function of the table: pure, from values to a value.
package struct HCLFunction: Sendable {
    /// What an evaluator does itself, since it is about expressions rather than values.
    enum Special: Sendable {
        /// The first argument that can be computed.
        case attempt
        /// Whether the argument can be computed.
        case test
        /// The first argument names a template, which sees the second's attributes.
        case template(@Sendable (String) throws(ConversionError) -> String)
    }

    package let parameters: [HCLType]
    /// The type of further arguments; nil when there are none.
    package let rest: HCLType?
    /// Whether null and unknown arguments are handed in, rather than refused or answered with unknown.
    package let seesAll: Bool
    package let body: @Sendable ([HCLValue]) throws(ConversionError) -> HCLValue
    /// Of the answer where an argument is unknown.
    var result = HCLType.dynamic
    /// Whether an answer needs arguments that are known to the last part; else they are known at their top.
    var needsAll = false
    var special: Special?

    package init(
        _ parameters: [HCLType],
        rest: HCLType? = nil,
        seesAll: Bool = false,
        _ body: @escaping @Sendable ([HCLValue]) throws(ConversionError) -> HCLValue
    ) {
        (self.parameters, self.rest, self.seesAll, self.body) = (parameters, rest, seesAll, body)
    }

    init(special: Special, _ parameters: [HCLType], rest: HCLType? = nil) {
        self.init(parameters, rest: rest, seesAll: true) { _ in .dynamic }
        self.special = special
    }

    /// Says what an unknown answer is of.
    func giving(_ type: HCLType) -> HCLFunction {
        var copy = self
        copy.result = type
        return copy
    }

    /// Says that unknown parts make the answer unknown.
    var ofWhole: HCLFunction {
        var copy = self
        copy.needsAll = true
        return copy
    }
}

/// What functions may make: told before it is made.
enum FunctionLimits {
    static let bytes = 16 << 20
    static let elements = 1_000_000

    static func check(bytes count: Int) throws(ConversionError) {
        guard count <= bytes else {
            throw ConversionError(message: "the string would be too long", isLimit: true)
        }
    }

    static func check(elements count: Int) throws(ConversionError) {
        guard count <= elements else { throw ConversionError(message: "too many elements", isLimit: true) }
    }
}

/// Arguments as a function's body reads them; their types have been seen to.
extension [HCLValue] {
    func text(_ position: Int) -> String { self[position].string ?? "" }

    func number(_ position: Int) -> HCLNumber { self[position].number ?? .zero }

    func int(_ position: Int) throws(ConversionError) -> Int {
        guard let value = self[position].number?.int else {
            throw ConversionError(message: "argument \(position + 1) is no whole number, or too large")
        }
        return value
    }

    /// Elements of a list, set or tuple.
    func sequence(_ position: Int) throws(ConversionError) -> [HCLValue] {
        guard let elements = self[position].elements else {
            throw ConversionError(message: "argument \(position + 1) is to be a list, a set or a tuple")
        }
        return elements
    }

    func mapping(_ position: Int) throws(ConversionError) -> [String: HCLValue] {
        guard let attributes = self[position].attributes else {
            throw ConversionError(message: "argument \(position + 1) is to be a map or an object")
        }
        return attributes
    }
}
