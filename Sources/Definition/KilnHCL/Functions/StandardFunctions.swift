/// Functions that Terraform and Packer share. What reads files needs a reader (`table(readingFiles:)`); what differs each time (`timestamp`, `uuid`) is unknown.
package enum StandardFunctions {
    package static let table: [String: HCLFunction] = [
        numeric, arithmetic, text, formatting, collections, sequences, choices, sets, encodings, hashes,
        dates,
        addresses, names, special,
    ].reduce(into: [:]) { table, part in table.merge(part) { first, _ in first } }

    private static let numeric: [String: HCLFunction] = [
        "abs": number { $0.magnitude },
        "ceil": number { $0.ceiling() },
        "floor": number { $0.floor() },
        "signum": number { $0.isZero ? .zero : HCLNumber($0 < .zero ? -1 : 1) },
        "max": HCLFunction([.number], rest: .number) { .number($0.compactMap(\.number).max() ?? .zero) },
        "min": HCLFunction([.number], rest: .number) { .number($0.compactMap(\.number).min() ?? .zero) },
    ]

    private static let text: [String: HCLFunction] = [
        "lower": string { mapped($0, \.lowercaseMapping) },
        "upper": string { mapped($0, \.uppercaseMapping) },
        "strrev": string { String($0.reversed()) },
        "trimspace": string { trimmed($0, both: \.isWhitespace) },
        "chomp": string { text in String(text.reversed().drop { $0.isNewline }.reversed()) },
        "trimprefix": strings { $0.hasPrefix($1) ? String($0.dropFirst($1.count)) : $0 },
        "trimsuffix": strings { $0.hasSuffix($1) ? String($0.dropLast($1.count)) : $0 },
        "trim": strings { text, set in trimmed(text) { set.contains($0) } },
        "startswith": HCLFunction([.string, .string]) { .bool(word($0, 0).hasPrefix(word($0, 1))) },
        "endswith": HCLFunction([.string, .string]) { .bool(word($0, 0).hasSuffix(word($0, 1))) },
        "join": HCLFunction([.string], rest: .list(.string)) { values throws(ConversionError) in
            let parts = values.dropFirst().flatMap { $0.elements ?? [] }
            guard parts.allSatisfy({ !$0.isNull }) else {
                throw ConversionError(message: "null cannot be joined")
            }
            guard parts.allSatisfy({ !$0.isUnknown }) else { return .unknown(.string) }
            let bytes = parts.reduce(0) { $0 + ($1.string?.utf8.count ?? 0) }
            try FunctionLimits.check(
                bytes: bytes + parts.count * min(word(values, 0).utf8.count, FunctionLimits.bytes)
            )
            return .string(parts.compactMap(\.string).joined(separator: word(values, 0)))
        },
        "tostring": conversion(.string),
        "tonumber": conversion(.number),
        "tobool": conversion(.bool),
        "tolist": conversion(.list(.dynamic)),
        "toset": conversion(.set(.dynamic)),
        "tomap": conversion(.map(.dynamic)),
    ]

    private static let collections: [String: HCLFunction] = [
        "length": HCLFunction([.dynamic]) { values throws(ConversionError) in
            guard let value = values.first else { return .dynamic }
            if let string = value.string { return .number(string.count) }
            guard let pairs = value.pairs else {
                throw ConversionError(message: "a string or a collection is required")
            }
            if case .set = value.type, !value.isWhollyKnown { return .unknown(.number) }
            return .number(pairs.count)
        },
        "keys": HCLFunction([.dynamic]) { values throws(ConversionError) in
            let keys = try attributes(values).keys.sorted().map { HCLValue.string($0) }
            if case .object = values[0].type { return .tuple(keys) }
            return .list(.string, keys)
        },
        "values": HCLFunction([.dynamic]) { values throws(ConversionError) in
            let elements = try attributes(values).sorted { $0.key < $1.key }.map(\.value)
            return values[0].type.element.map { .list($0, elements) } ?? .tuple(elements)
        },
        "merge": HCLFunction([], rest: .dynamic, seesAll: true) { values throws(ConversionError) in
            var result: [String: HCLValue] = [:]
            let given = values.filter { !$0.isNull }
            guard given.allSatisfy({ !$0.isUnknown }) else { return .dynamic }
            for value in given { result.merge(try attributes([value])) { _, later in later } }
            if case .map(let element)? = given.first?.type, given.allSatisfy({ $0.type == .map(element) }) {
                return .map(element, result)
            }
            return .object(result)
        },
        "concat": HCLFunction([.dynamic], rest: .dynamic) { values throws(ConversionError) in
            guard values.allSatisfy({ $0.type.isSequence }) else {
                throw ConversionError(message: "lists are required")
            }
            let elements = values.flatMap { $0.elements ?? [] }
            let types = values.compactMap { value -> HCLType? in
                if case .list(let element) = value.type { element } else { nil }
            }
            guard types.count == values.count, let common = HCLType.unified(types) else {
                return .tuple(elements)
            }
            var result: [HCLValue] = []
            for element in elements { result.append(try element.converted(to: common)) }
            return .list(common, result)
        },
        "lookup": HCLFunction([.dynamic, .string], rest: .dynamic) { values throws(ConversionError) in
            if let value = try attributes(values)[word(values, 1)] { return value }
            guard values.count > 2 else {
                throw ConversionError(message: "there is no \"\(word(values, 1))\"")
            }
            return values[2]
        },
    ]

    private static func number(_ body: @escaping @Sendable (HCLNumber) -> HCLNumber) -> HCLFunction {
        HCLFunction([.number]) { .number(body($0.first?.number ?? .zero)) }.giving(.number)
    }

    private static func string(_ body: @escaping @Sendable (String) -> String) -> HCLFunction {
        HCLFunction([.string]) { .string(body(word($0, 0))) }.giving(.string)
    }

    /// Letter by letter: a letter that would become two stays.
    private static func mapped(
        _ text: String,
        _ mapping: (Unicode.Scalar.Properties) -> String
    ) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let other = mapping(scalar.properties).unicodeScalars
            result.append(other.count == 1 ? other.first ?? scalar : scalar)
        }
        return String(result)
    }

    private static func strings(_ body: @escaping @Sendable (String, String) -> String) -> HCLFunction {
        HCLFunction([.string, .string]) { .string(body(word($0, 0), word($0, 1))) }.giving(.string)
    }

    private static func conversion(_ type: HCLType) -> HCLFunction {
        HCLFunction([.dynamic], seesAll: true) { values throws(ConversionError) in
            try (values.first ?? .dynamic).converted(to: type)
        }
    }

    private static func word(_ values: [HCLValue], _ position: Int) -> String {
        values[position].string ?? ""
    }

    private static func attributes(_ values: [HCLValue]) throws(ConversionError) -> [String: HCLValue] {
        guard let attributes = values.first?.attributes else {
            throw ConversionError(message: "a map or an object is required")
        }
        return attributes
    }

    private static func trimmed(_ text: String, both isTrimmed: (Character) -> Bool) -> String {
        let front = text.drop(while: isTrimmed)
        return String(front.reversed().drop(while: isTrimmed).reversed())
    }
}
