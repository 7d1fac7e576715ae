/// Templates, objects and `for`.
extension HCLEvaluator {
    mutating func template(_ parts: [HCLExpression], _ scope: HCLScope) -> HCLValue {
        var text = ""
        charge(parts.count, parts.first?.range ?? 0..<0)
        var (isKnown, isSensitive) = (true, false)
        for part in parts {
            let value = self.value(part, in: scope)
            isSensitive = isSensitive || value.isSensitive
            if value.isNull {
                _ = fail("null has no place in a string", part.range)
                isKnown = false
            } else if let string = convert(value, to: .string, part.range).string {
                text += string
                guard text.utf8.count <= limits.stringBytes else {
                    return fail(
                        "the string is longer than \(limits.stringBytes) bytes",
                        part.range,
                        code: "limit"
                    )
                }
            } else {
                isKnown = false
            }
        }
        return (isKnown ? HCLValue.string(text) : .unknown(.string)).markedSensitive(isSensitive)
    }

    mutating func object(_ items: [HCLExpression.ObjectItem], _ scope: HCLScope) -> HCLValue {
        var result: [String: HCLValue] = [:]
        var isKnown = true
        for item in items {
            let key = value(item.key, in: scope)
            let value = self.value(item.value, in: scope)
            guard let name = self.key(key, item.key.range) else {
                isKnown = false
                continue
            }
            result[name] = value
        }
        return isKnown ? .object(result) : .dynamic
    }

    private mutating func key(_ value: HCLValue, _ range: Range<Int>) -> String? {
        guard !value.isNull else {
            _ = fail("null is no key", range)
            return nil
        }
        return convert(value, to: .string, range).string
    }

    mutating func iteration(_ node: HCLExpression.Iteration, _ scope: HCLScope) -> HCLValue {
        let collection = value(node.collection, in: scope)
        let unknown: HCLValue = node.form == .template ? .unknown(.string) : .dynamic
        guard !collection.isUnknown else { return unknown }
        guard let pairs = collection.pairs else {
            return fail(
                "\(collection.isNull ? "null" : collection.type.short) has no elements to go through",
                node.collection.range
            )
        }
        var results: [(key: String, value: HCLValue)] = []
        var isKnown = true
        charge(pairs.count, node.collection.range)
        var total = 0
        for (key, value) in pairs {
            guard !isExhausted else { return unknown }
            guard total <= limits.parts else {
                return fail("this value is too large", node.result.range, code: "limit")
            }
            var inner = [node.value: value]
            if let name = node.key { inner[name] = key }
            let scope = scope.adding(inner)
            if let condition = node.condition {
                let test = convert(self.value(condition, in: scope), to: .bool, condition.range)
                guard test.bool == true else {
                    if test.bool == nil { isKnown = false }
                    continue
                }
            }
            var name = ""
            if let resultKey = node.resultKey {
                guard let key = self.key(self.value(resultKey, in: scope), resultKey.range) else {
                    isKnown = false
                    continue
                }
                name = key
            }
            results.append((name, self.value(node.result, in: scope)))
            total += results[results.count - 1].value.weight
        }
        return isKnown ? result(of: node, results) : unknown
    }

    private mutating func result(
        of node: HCLExpression.Iteration,
        _ results: [(key: String, value: HCLValue)]
    ) -> HCLValue {
        switch node.form {
        case .tuple: return .tuple(results.map(\.value))
        case .template:
            let known = results.compactMap { convert($0.value, to: .string, node.result.range).string }
            guard known.count == results.count else { return .unknown(.string) }
            guard known.reduce(0, { $0 + $1.utf8.count }) <= limits.stringBytes else {
                return fail(
                    "the string is longer than \(limits.stringBytes) bytes",
                    node.result.range,
                    code: "limit"
                )
            }
            return .string(known.joined())
        case .object:
            if node.isGrouping {
                return .object(Dictionary(grouping: results, by: \.key).mapValues { .tuple($0.map(\.value)) })
            }
            var attributes: [String: HCLValue] = [:]
            for (key, value) in results where attributes.updateValue(value, forKey: key) != nil {
                return fail(
                    "two elements have the key \"\(key)\"",
                    node.resultKey?.range ?? node.result.range,
                    hint: "group with \"...\" after the value"
                )
            }
            return .object(attributes)
        }
    }
}
