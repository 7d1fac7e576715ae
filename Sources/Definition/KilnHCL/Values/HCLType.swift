/// A type of the information model (spec.md, "Values and Value Types").
package indirect enum HCLType: Sendable, Hashable {
    case string
    case number
    case bool
    /// Not known yet: the "dynamic pseudo-type", written `any`.
    case dynamic
    case list(HCLType)
    case set(HCLType)
    case map(HCLType)
    case tuple([HCLType])
    /// `optional` names the attributes that a conversion may fill with null; empty in the types of values.
    case object([String: HCLType], optional: Set<String>)

    package static func object(_ attributes: [String: HCLType]) -> HCLType {
        .object(attributes, optional: [])
    }

    package var isPrimitive: Bool {
        switch self {
        case .string, .number, .bool: true
        default: false
        }
    }

    package var isSequence: Bool {
        switch self {
        case .list, .set, .tuple: true
        default: false
        }
    }

    package var isMapping: Bool {
        switch self {
        case .map, .object: true
        default: false
        }
    }

    /// How much it takes to go through it. Bounded, since types come from values and type expressions, which are.
    var weight: Int {
        switch self {
        case .string, .number, .bool, .dynamic: 1
        case .list(let element), .set(let element), .map(let element): 1 + element.weight
        case .tuple(let elements): elements.reduce(1) { $0 + $1.weight }
        case .object(let attributes, _): attributes.values.reduce(1) { $0 + $1.weight }
        }
    }

    /// The element type of a list, set or map.
    package var element: HCLType? {
        switch self {
        case .list(let element), .set(let element), .map(let element): element
        default: nil
        }
    }

    /// Whether no part of it is dynamic.
    package var isWhollyKnown: Bool {
        switch self {
        case .string, .number, .bool: true
        case .dynamic: false
        case .list(let element), .set(let element), .map(let element): element.isWhollyKnown
        case .tuple(let elements): elements.allSatisfy(\.isWhollyKnown)
        case .object(let attributes, _): attributes.values.allSatisfy(\.isWhollyKnown)
        }
    }

    /// Without optional attributes: the type that a value has.
    package var withoutOptionals: HCLType { hasOptionals ? stripped : self }

    private var hasOptionals: Bool {
        switch self {
        case .string, .number, .bool, .dynamic: false
        case .list(let element), .set(let element), .map(let element): element.hasOptionals
        case .tuple(let elements): elements.contains(where: \.hasOptionals)
        case .object(let attributes, let optional):
            !optional.isEmpty || attributes.values.contains(where: \.hasOptionals)
        }
    }

    private var stripped: HCLType {
        switch self {
        case .string, .number, .bool, .dynamic: self
        case .list(let element): .list(element.withoutOptionals)
        case .set(let element): .set(element.withoutOptionals)
        case .map(let element): .map(element.withoutOptionals)
        case .tuple(let elements): .tuple(elements.map(\.withoutOptionals))
        case .object(let attributes, _): .object(attributes.mapValues(\.withoutOptionals))
        }
    }
}

extension HCLType {
    /// For messages: the description, or the mere kind of a long one.
    var short: String {
        guard weight > 30 else { return description }
        switch self {
        case .list: return "a list"
        case .set: return "a set"
        case .map: return "a map"
        case .tuple(let elements): return "a tuple of \(elements.count)"
        case .object(let attributes, _): return "an object of \(attributes.count)"
        default: return description
        }
    }
}

extension HCLType: CustomStringConvertible {
    /// As a type expression.
    package var description: String {
        switch self {
        case .string: return "string"
        case .number: return "number"
        case .bool: return "bool"
        case .dynamic: return "any"
        case .list(let element): return "list(\(element))"
        case .set(let element): return "set(\(element))"
        case .map(let element): return "map(\(element))"
        case .tuple(let elements):
            return "tuple([" + elements.map(\.description).joined(separator: ", ") + "])"
        case .object(let attributes, let optional):
            let parts = attributes.sorted { $0.key < $1.key }.map { name, type in
                "\(name)=" + (optional.contains(name) ? "optional(\(type))" : "\(type)")
            }
            return "object({" + parts.joined(separator: ", ") + "})"
        }
    }
}
