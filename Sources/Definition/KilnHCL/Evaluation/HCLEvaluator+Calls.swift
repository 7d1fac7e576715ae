import KilnDiagnostics

/// Calls of functions.
extension HCLEvaluator {
    mutating func call(
        _ name: String,
        _ arguments: [HCLExpression],
        _ expands: Bool,
        _ range: Range<Int>,
        _ scope: HCLScope
    ) -> HCLValue {
        guard let function = scope.functions[name] else {
            for argument in arguments { _ = value(argument, in: scope) }
            // A provider's function is somebody else's: nobody can say here what it gives.
            if scope.unresolved == .unknown { return .dynamic }
            let hint = Spelling.hint(for: name, in: scope.functions.keys.sorted())
            return fail("there is no function \"\(name)\"", range, hint: hint)
        }
        if let special = function.special {
            return self.special(special, name, arguments, range, scope)
        }
        var values = arguments.map { value($0, in: scope) }
        if expands, let last = values.popLast() {
            guard !last.isUnknown else { return .dynamic }
            guard let elements = last.elements else {
                return fail("only a list, set or tuple can be expanded", range)
            }
            charge(elements.count, range)
            values += elements.map { $0.markedSensitive(last.isSensitive) }
        }
        guard fits(function, name, values.count, range) else { return .dynamic }
        charge(values.reduce(1) { $0 + $1.weight }, range)
        guard !isExhausted, convertArguments(&values, function, name, arguments, range) else {
            return .unknown(function.result)
        }
        return result(of: function, name, values, range)
    }

    private mutating func fits(
        _ function: HCLFunction,
        _ name: String,
        _ count: Int,
        _ range: Range<Int>
    ) -> Bool {
        let fixed = function.parameters.count
        if count == fixed || count > fixed && function.rest != nil { return true }
        let wanted = function.rest == nil ? "\(fixed)" : "\(fixed) or more"
        _ = fail(
            "\(name) takes \(wanted) argument\(wanted == "1" ? "" : "s"), here \(count == 1 ? "is 1" : "are \(count)")",
            range
        )
        return false
    }

    /// False where one is wrong, which was told.
    private mutating func convertArguments(
        _ values: inout [HCLValue],
        _ function: HCLFunction,
        _ name: String,
        _ written: [HCLExpression],
        _ range: Range<Int>
    ) -> Bool {
        for position in values.indices {
            let type =
                position < function.parameters.count
                ? function.parameters[position] : function.rest ?? .dynamic
            let place = written.indices.contains(position) ? written[position].range : range
            guard function.seesAll || !values[position].isNull else {
                _ = fail("argument \(position + 1) of \(name) is null", place)
                return false
            }
            let before = problems.count
            values[position] = convert(values[position], to: type, place)
            guard problems.count == before else { return false }
        }
        return true
    }

    private mutating func result(
        of function: HCLFunction,
        _ name: String,
        _ values: [HCLValue],
        _ range: Range<Int>
    ) -> HCLValue {
        let isSensitive =
            name != "nonsensitive" && name != "issensitive" && values.contains(where: \.isSensitive)
        let isKnown = values.allSatisfy { function.needsAll ? $0.isWhollyKnown : !$0.isUnknown }
        guard function.seesAll || isKnown else {
            return .unknown(function.result).markedSensitive(isSensitive)
        }
        do {
            let result = try function.body(values)
            let count = result.elements?.count ?? result.attributes?.count ?? 0
            charge(result.weight, range)
            guard count <= limits.elements, (result.string?.utf8.count ?? 0) <= limits.stringBytes else {
                return fail("\(name) makes too large a value", range, code: "limit")
            }
            return result.markedSensitive(isSensitive)
        } catch {
            _ = fail("\(name): \(error.message)", range, code: error.isLimit ? "limit" : "value")
            return .unknown(function.result)
        }
    }

    private mutating func special(
        _ special: HCLFunction.Special,
        _ name: String,
        _ arguments: [HCLExpression],
        _ range: Range<Int>,
        _ scope: HCLScope
    ) -> HCLValue {
        switch special {
        case .attempt:
            var last: HCLProblem?
            for argument in arguments {
                let (value, problems) = attempt(argument, scope)
                // With an unknown part nobody can say yet whether this one will do.
                if problems.isEmpty { return value.isWhollyKnown ? value : .dynamic }
                last = problems.last
            }
            return fail(
                last.map { "no argument of try can be computed; the last: \($0.message)" }
                    ?? "try takes 1 or more arguments, here are 0",
                range
            )
        case .test:
            guard arguments.count == 1 else {
                return fail("can takes 1 argument, here are \(arguments.count)", range)
            }
            let (value, problems) = attempt(arguments[0], scope)
            if !problems.isEmpty { return .bool(false) }
            return value.isWhollyKnown ? .bool(true) : .unknown(.bool)
        case .template(let read):
            guard arguments.count == 2 else {
                return fail("\(name) takes 2 arguments, here are \(arguments.count)", range)
            }
            let values = arguments.map { value($0, in: scope) }
            guard values.allSatisfy({ !$0.isUnknown }) else { return .dynamic }
            return template(values, name, read, range, scope)
        }
    }

    /// A template's own functions are the scope's, save those that read templates.
    private mutating func template(
        _ values: [HCLValue],
        _ name: String,
        _ read: (String) throws(ConversionError) -> String,
        _ range: Range<Int>,
        _ scope: HCLScope
    ) -> HCLValue {
        guard let file = values[0].string, let variables = values[1].attributes else {
            return fail("\(name) takes a file's name and an object", range)
        }
        do {
            let source = HCLSource(name: file, text: try read(file))
            let expression = try HCLParser.template(source)
            let functions = scope.functions.filter {
                $0.value.special.map { if case .template = $0 { false } else { true } } ?? true
            }
            let inner = HCLScope(variables: variables, functions: functions, unresolved: scope.unresolved)
            let (result, problems) = attempt(expression, inner)
            if let first = problems.first {
                let line = source.position(of: first.range.lowerBound).line
                return fail("\(name): \(file):\(line): \(first.message)", range)
            }
            return result.markedSensitive(values.contains(where: \.isSensitive))
        } catch let problem as HCLProblem {
            return fail("\(name): \(file): \(problem.message)", range)
        } catch {
            return fail(
                "\(name): \((error as? ConversionError)?.message ?? "the file cannot be read")",
                range
            )
        }
    }
}
