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
        default: return fail("\(base.type) has no attributes", range)
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
        default: return fail("\(base.type) has no indexes", range)
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

    mutating func call(
        _ name: String,
        _ arguments: [HCLExpression],
        _ expands: Bool,
        _ range: Range<Int>,
        _ scope: HCLScope
    ) -> HCLValue {
        var values = arguments.map { value($0, in: scope) }
        guard let function = scope.functions[name] else {
            // A provider's function is somebody else's: nobody can say here what it gives.
            if scope.unresolved == .unknown { return .dynamic }
            let hint = Spelling.hint(for: name, in: scope.functions.keys.sorted())
            return fail("there is no function \"\(name)\"", range, hint: hint)
        }
        if expands, let last = values.popLast() {
            guard !last.isUnknown else { return .dynamic }
            guard let elements = last.elements else {
                return fail("only a list, set or tuple can be expanded", range)
            }
            values += elements
        }
        let fixed = function.parameters
        guard values.count == fixed.count || values.count > fixed.count && function.rest != nil else {
            return fail("\(name) takes \(fixed.count) arguments, here are \(values.count)", range)
        }
        for position in values.indices {
            let type = position < fixed.count ? fixed[position] : function.rest ?? .dynamic
            guard function.seesAll || !values[position].isNull else {
                return fail("argument \(position + 1) of \(name) is null", range)
            }
            values[position] = convert(values[position], to: type, range)
        }
        guard function.seesAll || values.allSatisfy({ !$0.isUnknown }) else { return .dynamic }
        do {
            let result = try function.body(values)
            let count = result.elements?.count ?? result.attributes?.count ?? 0
            guard count <= limits.elements, (result.string?.utf8.count ?? 0) <= limits.stringBytes else {
                return fail("\(name) makes too large a value", range, code: "limit")
            }
            return result.markedSensitive(values.contains(where: \.isSensitive))
        } catch {
            return fail("\(name): \(error.message)", range)
        }
    }
}
