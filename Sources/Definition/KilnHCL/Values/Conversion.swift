/// Why a value is not of a type, or a function has no answer.
package struct ConversionError: Error, Sendable, Hashable {
    package let message: String
    /// Whether a bound was met, rather than a mistake made.
    package let isLimit: Bool

    package init(message: String, isLimit: Bool = false) {
        (self.message, self.isLimit) = (message, isLimit)
    }
}

extension HCLValue {
    /// The value as another type (spec.md, "Type Conversions"); a dynamic type accepts all.
    package func converted(to wanted: HCLType) throws(ConversionError) -> HCLValue {
        let plain = wanted.withoutOptionals
        if type == plain || wanted == .dynamic { return self }
        if isNull { return .null(plain).markedSensitive(isSensitive) }
        if isUnknown {
            guard type == .dynamic || Self.isConvertible(type, plain) else { throw refused(wanted) }
            return .unknown(plain).markedSensitive(isSensitive)
        }
        return try known(as: wanted).markedSensitive(isSensitive)
    }

    private func known(as wanted: HCLType) throws(ConversionError) -> HCLValue {
        switch wanted {
        case .string:
            if let number { return .string(number.description) }
            if let bool { return .string(bool ? "true" : "false") }
        case .number:
            if let string, let number = HCLNumber(string) { return .number(number) }
        case .bool:
            switch string {
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: break
            }
        case .list(let element), .set(let element):
            guard let elements, type.isSequence else { break }
            let (common, values) = try Self.converted(elements, to: element)
            if case .set = wanted { return .set(common, values) }
            return .list(common, values)
        case .map(let element):
            guard let attributes, type.isMapping else { break }
            let pairs = attributes.sorted { $0.key < $1.key }
            let (common, values) = try Self.converted(pairs.map(\.value), to: element)
            return .map(common, Dictionary(zip(pairs.map(\.key), values)) { first, _ in first })
        case .tuple(let types):
            guard let elements, type.isSequence, elements.count == types.count else { break }
            var result: [HCLValue] = []
            for (value, type) in zip(elements, types) { result.append(try value.converted(to: type)) }
            return .tuple(result)
        case .object(let types, let optional):
            guard let attributes, type.isMapping else { break }
            return try Self.object(attributes, types, optional)
        case .dynamic: return self
        }
        throw refused(wanted)
    }

    private static func object(
        _ attributes: [String: HCLValue],
        _ types: [String: HCLType],
        _ optional: Set<String>
    ) throws(ConversionError) -> HCLValue {
        var result: [String: HCLValue] = [:]
        for (name, type) in types.sorted(by: { $0.key < $1.key }) {
            if let value = attributes[name] {
                result[name] = try value.converted(to: type)
            } else if optional.contains(name) {
                result[name] = .null(type.withoutOptionals)
            } else {
                throw ConversionError(message: "attribute \"\(name)\" is required")
            }
        }
        return .object(result)
    }

    /// All to one type; to the one they have in common when it is dynamic.
    private static func converted(
        _ values: [HCLValue],
        to element: HCLType
    ) throws(ConversionError) -> (HCLType, [HCLValue]) {
        var wanted = element
        if element == .dynamic, !values.isEmpty {
            guard let common = HCLType.unified(values.map(\.type)) else {
                throw ConversionError(message: "all elements must be of one type")
            }
            wanted = common
        }
        var result: [HCLValue] = []
        for value in values { result.append(try value.converted(to: wanted)) }
        return (wanted.withoutOptionals, result)
    }

    private func refused(_ wanted: HCLType) -> ConversionError {
        if wanted == .number, string != nil { return ConversionError(message: "a number is required") }
        return ConversionError(message: "\(wanted.short) is required, this is \(type.short)")
    }

    static func isConvertible(_ from: HCLType, _ to: HCLType) -> Bool {
        switch (from, to) {
        case (_, .dynamic), (.dynamic, _): true
        case (.number, .bool), (.bool, .number): false
        case (let from, let to) where from.isPrimitive || to.isPrimitive: from.isPrimitive && to.isPrimitive
        case (.tuple(let parts), .tuple(let others)):
            parts.count == others.count && zip(parts, others).allSatisfy { isConvertible($0, $1) }
        case (.object(let parts, _), .object(let others, let optional)):
            others.allSatisfy { name, type in
                parts[name].map { isConvertible($0, type) } ?? optional.contains(name)
            }
        case (.tuple(let parts), let to):
            to.element.map { element in
                to.isSequence && parts.allSatisfy { isConvertible($0, element) }
            } ?? false
        case (.object(let parts, _), .map(let element)):
            parts.values.allSatisfy { isConvertible($0, element) }
        case (let from, let to):
            from.isSequence == to.isSequence
                && (from.element.flatMap { a in to.element.map { isConvertible(a, $0) } } ?? true)
        }
    }
}

extension HCLType {
    /// The type that all convert to (spec.md, "Type Unification"); nil when there is none.
    package static func unified(_ types: [HCLType]) -> HCLType? {
        guard let first = types.first else { return .dynamic }
        if types.allSatisfy({ $0 == first }) { return first }
        if types.contains(.dynamic) {
            // What is not known yet is taken to become like its neighbours, as long as these are plain.
            let known = types.filter { $0 != .dynamic }
            return known.allSatisfy(\.isPrimitive) ? unified(known) : .dynamic
        }
        if types.allSatisfy(\.isPrimitive) {
            // Numbers and booleans meet in string only.
            return types.contains(.string) ? .string : nil
        }
        if types.allSatisfy(\.isMapping) { return unifiedMappings(types) }
        if types.allSatisfy(\.isSequence) { return unifiedSequences(types) }
        return nil
    }

    private static func unifiedMappings(_ types: [HCLType]) -> HCLType? {
        var objects: [[String: HCLType]] = []
        for case .object(let attributes, _) in types { objects.append(attributes) }
        if objects.count == types.count, let first = objects.first,
            objects.allSatisfy({ $0.keys == first.keys })
        {
            var result: [String: HCLType] = [:]
            for name in first.keys {
                guard let type = unified(objects.compactMap { $0[name] }) else { return nil }
                result[name] = type
            }
            return .object(result)
        }
        let elements = types.compactMap(\.element) + objects.flatMap(\.values)
        return unified(elements).map { .map($0) }
    }

    private static func unifiedSequences(_ types: [HCLType]) -> HCLType? {
        var tuples: [[HCLType]] = []
        for case .tuple(let elements) in types { tuples.append(elements) }
        if tuples.count == types.count, let first = tuples.first,
            tuples.allSatisfy({ $0.count == first.count })
        {
            var result: [HCLType] = []
            for index in first.indices {
                guard let type = unified(tuples.map { $0[index] }) else { return nil }
                result.append(type)
            }
            return .tuple(result)
        }
        guard let element = unified(types.compactMap(\.element) + tuples.flatMap { $0 }) else { return nil }
        for case .list in types { return .list(element) }
        return tuples.count == types.count ? .list(element) : .set(element)
    }
}
