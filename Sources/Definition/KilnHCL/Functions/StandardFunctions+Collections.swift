/// Functions over lists, sets and text that take more than one step.
extension StandardFunctions {
    static let sequences: [String: HCLFunction] = [
        "reverse": HCLFunction([.dynamic]) { values throws(ConversionError) in
            let elements = Array(try sequence(values).reversed())
            return values[0].type.element.map { .list($0, elements) } ?? .tuple(elements)
        },
        "compact": HCLFunction(
            [.list(.string)],
            { .list(.string, items($0).filter { !$0.isNull && $0.string != "" }) }
        ),
        "sort": HCLFunction([.list(.string)]) {
            .list(.string, items($0).compactMap(\.string).sorted().map { .string($0) })
        },
        "distinct": list { values in
            var seen: Set<HCLValue> = []
            return values.filter { seen.insert($0).inserted }
        },
        "flatten": HCLFunction([.dynamic]) { values throws(ConversionError) in
            let flat = flattened(try sequence(values))
            return flat.map { .tuple($0) } ?? .dynamic
        },
        "contains": HCLFunction([.dynamic, .dynamic]) { values throws(ConversionError) in
            let answers = try sequence(values).map { $0.equals(values[1]) }
            if answers.contains(true) { return .bool(true) }
            return answers.contains(nil) ? .unknown(.bool) : .bool(false)
        },
        "element": HCLFunction([.dynamic, .number]) { values throws(ConversionError) in
            let elements = try sequence(values)
            guard let position = values[1].number?.int, !elements.isEmpty else {
                throw ConversionError(message: "the list is empty, or the index is no integer")
            }
            let index = position % elements.count
            return elements[index < 0 ? index + elements.count : index]
        },
        "range": HCLFunction([.number], rest: .number) { values throws(ConversionError) in try range(values)
        },
        "zipmap": HCLFunction([.list(.string), .dynamic]) { values throws(ConversionError) in
            let (names, elements) = (items(values).map(\.string), try sequence([values[1]]))
            guard names.count == elements.count, !names.contains(nil) else {
                throw ConversionError(message: "as many keys as values are needed")
            }
            return .object(Dictionary(zip(names.compactMap(\.self), elements)) { _, later in later })
        },
        "split": HCLFunction([.string, .string]) { values in
            let (mark, text) = (values[0].string ?? "", values[1].string ?? "")
            let parts = mark.isEmpty ? text.map { String($0) } : separated(text, by: mark)
            return .list(.string, parts.map { .string($0) })
        },
        "coalesce": HCLFunction([.dynamic], rest: .dynamic, seesAll: true) { values throws(ConversionError) in
            let types = values.filter { !($0.isNull && $0.type == .dynamic) }.map(\.type)
            guard let common = HCLType.unified(types) else {
                throw ConversionError(message: "the arguments are not of one type")
            }
            guard let first = values.first(where: { !$0.isNull && $0.string != "" }) else {
                throw ConversionError(message: "all arguments are null or empty")
            }
            return try first.converted(to: common)
        },
    ]

    private static func list(_ body: @escaping @Sendable ([HCLValue]) -> [HCLValue]) -> HCLFunction {
        HCLFunction([.list(.dynamic)]) { .list($0.first?.type.element ?? .dynamic, body(items($0))) }
    }

    private static func items(_ values: [HCLValue]) -> [HCLValue] { values.first?.elements ?? [] }

    private static func sequence(_ values: [HCLValue]) throws(ConversionError) -> [HCLValue] {
        guard let elements = values.first?.elements else {
            throw ConversionError(message: "a list, set or tuple is required")
        }
        return elements
    }

    private static func flattened(_ values: [HCLValue]) -> [HCLValue]? {
        var result: [HCLValue] = []
        for value in values {
            if value.isUnknown, value.type == .dynamic || value.type.isSequence { return nil }
            guard let inner = value.elements else {
                result.append(value)
                continue
            }
            guard let flat = flattened(inner) else { return nil }
            result += flat
        }
        return result
    }

    /// At most 1,024 numbers, as Terraform bounds it.
    private static func range(_ values: [HCLValue]) throws(ConversionError) -> HCLValue {
        let numbers = values.compactMap(\.number)
        let start = numbers.count > 1 ? numbers[0] : .zero
        let end = numbers.count > 1 ? numbers[1] : numbers[0]
        let step = numbers.count > 2 ? numbers[2] : (end < start ? HCLNumber(-1) : .one)
        guard !step.isZero, (step < .zero) == (end < start) || start == end else {
            throw ConversionError(message: "the step leads away from the end")
        }
        var (result, next): ([HCLValue], HCLNumber) = ([], start)
        while step < .zero ? next > end : next < end {
            guard result.count < 1024 else { throw ConversionError(message: "more than 1,024 numbers") }
            result.append(.number(next))
            next = next + step
        }
        return .list(.number, result)
    }

    static func separated(_ text: String, by mark: String) -> [String] {
        let (bytes, mark) = (Array(text.utf8), Array(mark.utf8))
        var (parts, start, at): ([String], Int, Int) = ([], 0, 0)
        while at + mark.count <= bytes.count {
            if bytes[at..<at + mark.count].elementsEqual(mark) {
                parts.append(String(decoding: bytes[start..<at], as: UTF8.self))
                at += mark.count
                start = at
            } else {
                at += 1
            }
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }
}
