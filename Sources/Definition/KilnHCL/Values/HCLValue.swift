/// A value of the information model: its type, and what is known of it.
///
/// Elements of sets are unique and in order; maps and objects are walked in the order of their keys.
package struct HCLValue: Sendable, Hashable {
    package indirect enum Content: Sendable, Hashable {
        case null
        case unknown
        case bool(Bool)
        case number(HCLNumber)
        case string(String)
        case elements([HCLValue])
        case attributes([String: HCLValue])
    }

    package let type: HCLType
    package let content: Content
    /// Must not be shown; results computed from it are marked too where an operator or a template made them.
    package var isSensitive = false
    /// How much it takes to go through the value and its type, shared parts counted wherever they stand: about one for each part and for 32 bytes of text.
    package let weight: Int
    /// Of collections in one another.
    package let depth: Int

    init(type: HCLType, content: Content) {
        self.type = type
        self.content = content
        (weight, depth) = Self.measure(type, content)
    }

    package static let dynamic = HCLValue.unknown(.dynamic)

    package static func unknown(_ type: HCLType) -> HCLValue { HCLValue(type: type, content: .unknown) }
    package static func null(_ type: HCLType = .dynamic) -> HCLValue { HCLValue(type: type, content: .null) }
    package static func bool(_ value: Bool) -> HCLValue { HCLValue(type: .bool, content: .bool(value)) }
    package static func number(_ value: HCLNumber) -> HCLValue {
        HCLValue(type: .number, content: .number(value))
    }
    package static func number(_ value: Int) -> HCLValue { .number(HCLNumber(value)) }
    package static func string(_ value: String) -> HCLValue {
        HCLValue(type: .string, content: .string(Normal.form(of: value)))
    }

    package static func tuple(_ elements: [HCLValue]) -> HCLValue {
        HCLValue(type: .tuple(elements.map(\.type)), content: .elements(elements))
    }

    package static func object(_ attributes: [String: HCLValue]) -> HCLValue {
        HCLValue(type: .object(attributes.mapValues(\.type)), content: .attributes(attributes))
    }

    /// The elements are of the type already.
    package static func list(_ element: HCLType, _ elements: [HCLValue]) -> HCLValue {
        HCLValue(type: .list(element), content: .elements(elements))
    }

    /// The elements are of the type already; equal ones fall together.
    package static func set(_ element: HCLType, _ elements: [HCLValue]) -> HCLValue {
        var seen: Set<HCLValue> = []
        let unique = elements.filter { seen.insert($0).inserted }
        return HCLValue(type: .set(element), content: .elements(unique.sorted(by: ValueOrder.isBefore)))
    }

    /// The values are of the type already.
    package static func map(_ element: HCLType, _ attributes: [String: HCLValue]) -> HCLValue {
        HCLValue(type: .map(element), content: .attributes(attributes))
    }

    package var isNull: Bool { content == .null }

    package var isUnknown: Bool {
        if case .unknown = content { return true }
        return false
    }

    /// Known, and so is everything in it.
    package var isWhollyKnown: Bool {
        switch content {
        case .unknown: false
        case .elements(let elements): elements.allSatisfy(\.isWhollyKnown)
        case .attributes(let attributes): attributes.values.allSatisfy(\.isWhollyKnown)
        default: true
        }
    }

    package var string: String? {
        if case .string(let value) = content { return value }
        return nil
    }

    package var number: HCLNumber? {
        if case .number(let value) = content { return value }
        return nil
    }

    package var bool: Bool? {
        if case .bool(let value) = content { return value }
        return nil
    }

    /// The elements of a known list, set or tuple.
    package var elements: [HCLValue]? {
        if case .elements(let elements) = content { return elements }
        return nil
    }

    /// The attributes of a known map or object.
    package var attributes: [String: HCLValue]? {
        if case .attributes(let attributes) = content { return attributes }
        return nil
    }

    /// Keys and values as a `for` walks them; nil for what cannot be walked or is not known.
    package var pairs: [(key: HCLValue, value: HCLValue)]? {
        switch content {
        case .elements(let elements):
            if case .set = type { return elements.map { ($0, $0) } }
            return elements.enumerated().map { (.number($0.offset), $0.element) }
        case .attributes(let attributes):
            return attributes.sorted { $0.key < $1.key }.map { (.string($0.key), $0.value) }
        default:
            return nil
        }
    }

    /// The value without its own mark; parts keep theirs.
    var withoutSensitivity: HCLValue {
        var result = self
        result.isSensitive = false
        return result
    }

    private static func measure(_ type: HCLType, _ content: Content) -> (weight: Int, depth: Int) {
        switch content {
        case .bool: return (1, 0)
        case .number(let number): return (number.weight, 0)
        case .string(let text): return (1 + text.utf8.count / 32, 0)
        case .null, .unknown: return (type.weight, 0)
        case .elements(let elements): return measure(elements)
        case .attributes(let attributes):
            let (weight, depth) = measure(attributes.values)
            return (attributes.keys.reduce(weight) { $0 &+ $1.utf8.count / 32 }, depth)
        }
    }

    private static func measure(_ parts: some Collection<HCLValue>) -> (weight: Int, depth: Int) {
        var (weight, depth) = (1, 0)
        for part in parts {
            let (sum, isTooBig) = weight.addingReportingOverflow(part.weight)
            weight = isTooBig ? Int.max / 2 : sum
            depth = max(depth, part.depth)
        }
        return (min(weight, Int.max / 2), depth + 1)
    }

    package func markedSensitive(_ sensitive: Bool = true) -> HCLValue {
        guard sensitive, !isSensitive else { return self }
        var result = self
        result.isSensitive = true
        return result
    }
}
