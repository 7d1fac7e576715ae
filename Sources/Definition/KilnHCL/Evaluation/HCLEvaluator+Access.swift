import KilnDiagnostics

/// Variables, attributes, indexes and calls.
extension HCLEvaluator {
    mutating func variable(_ name: String, _ range: Range<Int>, _ scope: HCLScope) -> HCLValue {
        if let value = scope.variables[name] { return value }
        if scope.unresolved == .unknown { return .dynamic }
        let names = scope.variables.keys.sorted()
        return fail("there is no variable \"\(name)\"", range, hint: Spelling.hint(for: name, in: names))
    }

    mutating func attribute(_ name: String, of base: HCLValue, _ range: Range<Int>) -> HCLValue {
        if base.isNull { return fail("this is null and has no attribute \"\(name)\"", range) }
        switch base.type {
        case .object(let types, _):
            guard let type = types[name] else {
                let hint = Spelling.hint(for: name, in: types.keys.sorted())
                return fail("there is no attribute \"\(name)\" here", range, hint: hint)
            }
            return (base.attributes?[name] ?? .unknown(type)).markedSensitive(base.isSensitive)
        case .map(let element):
            guard let attributes = base.attributes else { return .unknown(element) }
            guard let value = attributes[name] else {
                return fail("this map has no element \"\(name)\"", range)
            }
            return value.markedSensitive(base.isSensitive)
        case .dynamic: return .dynamic
        default: return fail("\(base.type.short) has no attributes", range)
        }
    }

    mutating func index(_ base: HCLValue, _ key: HCLValue, _ range: Range<Int>) -> HCLValue {
        if base.isNull || key.isNull { return fail("null can neither be indexed nor be an index", range) }
        switch base.type {
        case .dynamic: return .dynamic
        case .object, .map:
            let key = convert(key, to: .string, range)
            guard let name = key.string else { return .unknown(base.type.element ?? .dynamic) }
            return attribute(name, of: base, range)
        case .list, .tuple:
            guard let number = convert(key, to: .number, range).number else {
                return .unknown(base.type.element ?? .dynamic)
            }
            guard let elements = base.elements else {
                return unknownElement(of: base.type, at: number.int, range)
            }
            guard let position = number.int, elements.indices.contains(position) else {
                return fail("there is no element \(number) in \(elements.count)", range)
            }
            return elements[position].markedSensitive(base.isSensitive)
        default: return fail("\(base.type.short) has no indexes", range)
        }
    }

    private mutating func unknownElement(of type: HCLType, at position: Int?, _ range: Range<Int>) -> HCLValue
    {
        guard case .tuple(let types) = type else { return .unknown(type.element ?? .dynamic) }
        guard let position, types.indices.contains(position) else {
            return fail("there is no such element in \(types.count)", range)
        }
        return .unknown(types[position])
    }
}
