/// Values written as JSON, as `jsonencode` writes them: no spaces, keys in order, HTML's signs escaped.
enum JSONText {
    static func encoded(_ value: HCLValue) throws(ConversionError) -> String {
        var result = ""
        try write(value, to: &result)
        return result
    }

    private static func write(_ value: HCLValue, to result: inout String) throws(ConversionError) {
        try FunctionLimits.check(bytes: result.utf8.count)
        switch value.content {
        case .null: result += "null"
        case .unknown: throw ConversionError(message: "an unknown value has no JSON")
        case .bool(let bool): result += bool ? "true" : "false"
        case .number(let number): result += number.description
        case .string(let text): result += quoted(text)
        case .elements(let elements):
            result += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { result += "," }
                try write(element, to: &result)
            }
            result += "]"
        case .attributes(let attributes):
            result += "{"
            for (index, pair) in attributes.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { result += "," }
                result += quoted(pair.key) + ":"
                try write(pair.value, to: &result)
            }
            result += "}"
        }
    }

    static func quoted(_ text: String) -> String {
        var result: [UInt8] = [34]
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 34, 92: result += [92, UInt8(scalar.value)]
            case 10: result += [92, 110]
            case 13: result += [92, 114]
            case 9: result += [92, 116]
            case 8: result += [92, 98]
            case 12: result += [92, 102]
            case 0..<32, 38, 60, 62, 0x2028, 0x2029:
                let digits = String(scalar.value, radix: 16)
                result += "\\u".utf8
                result += String(repeating: "0", count: 4 - digits.count).utf8
                result += digits.utf8
            default: result += String(scalar).utf8
            }
        }
        return String(decoding: result + [34], as: UTF8.self)
    }

    /// A JSON document as a value: objects and tuples.
    static func decoded(_ text: String) throws(ConversionError) -> HCLValue {
        do throws(HCLProblem) {
            return value(try JSONReader.read(HCLSource(name: "", text: text), nesting: 100))
        } catch {
            throw ConversionError(
                message: "this is not JSON: \(error.message)",
                isLimit: error.code == "hcl.limit"
            )
        }
    }

    private static func value(_ node: JSONNode) -> HCLValue {
        switch node.kind {
        case .null: return .null()
        case .bool(let bool): return .bool(bool)
        case .number(let number): return .number(number)
        case .string(let text): return .string(text)
        case .array(let nodes): return .tuple(nodes.map(value))
        case .object(let properties):
            let pairs = properties.map { (Normal.form(of: $0.name), value($0.value)) }
            return .object(Dictionary(pairs) { _, later in later })
        }
    }
}
