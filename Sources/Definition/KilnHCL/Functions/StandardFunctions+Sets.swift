/// Functions over lists and sets: what is chosen, put together and taken apart.
extension StandardFunctions {
    static let choices: [String: HCLFunction] = [
        "alltrue": HCLFunction([.list(.bool)]) { values in
            judged(values[0].elements ?? [], untilFinding: false)
        },
        "anytrue": HCLFunction([.list(.bool)]) { values in
            judged(values[0].elements ?? [], untilFinding: true)
        },
        "chunklist": HCLFunction([.list(.dynamic), .number]) { values throws(ConversionError) in
            let (elements, size) = (try values.sequence(0), try values.int(1))
            guard size >= 0 else { throw ConversionError(message: "the size is below zero") }
            let step = size == 0 ? max(1, elements.count) : size
            let chunks = stride(from: 0, to: elements.count, by: step).map { start in
                HCLValue.list(
                    values[0].type.element ?? .dynamic,
                    Array(elements[start..<min(start + step, elements.count)])
                )
            }
            return .list(values[0].type, chunks)
        },
        "coalescelist": HCLFunction([.dynamic], rest: .dynamic, seesAll: true) {
            values throws(ConversionError) in
            for value in values where !value.isNull {
                if value.isUnknown { return .dynamic }
                guard let elements = value.elements else {
                    throw ConversionError(message: "lists are needed")
                }
                if !elements.isEmpty { return value }
            }
            throw ConversionError(message: "no list has an element")
        },
        "index": HCLFunction([.dynamic, .dynamic]) { values throws(ConversionError) in
            for (position, element) in try values.sequence(0).enumerated() {
                guard let isEqual = element.equals(values[1]) else { return .unknown(.number) }
                if isEqual { return .number(position) }
            }
            throw ConversionError(message: "the list does not hold this value")
        }.giving(.number),
        "matchkeys": HCLFunction([.list(.dynamic), .list(.dynamic), .list(.dynamic)]) {
            values throws(ConversionError) in
            let (elements, keys, wanted) = (
                try values.sequence(0), try values.sequence(1), Set(try values.sequence(2))
            )
            guard elements.count == keys.count else {
                throw ConversionError(message: "as many keys as values are needed")
            }
            return .list(
                values[0].type.element ?? .dynamic,
                zip(elements, keys).filter { wanted.contains($0.1) }.map(\.0)
            )
        }.ofWhole,
        "one": HCLFunction([.dynamic]) { values throws(ConversionError) in
            let elements = try values.sequence(0)
            guard elements.count < 2 else {
                throw ConversionError(message: "there are \(elements.count) elements")
            }
            return elements.first ?? .null(values[0].type.element ?? .dynamic)
        },
        "slice": HCLFunction([.dynamic, .number, .number]) { values throws(ConversionError) in
            let (elements, start, end) = (try values.sequence(0), try values.int(1), try values.int(2))
            guard 0 <= start, start <= end, end <= elements.count else {
                throw ConversionError(
                    message: "the bounds are not in order, or not within \(elements.count) elements"
                )
            }
            let part = Array(elements[start..<end])
            return values[0].type.element.map { .list($0, part) } ?? .tuple(part)
        },
        "transpose": HCLFunction([.map(.list(.string))]) { values throws(ConversionError) in
            var result: [String: [HCLValue]] = [:]
            for (key, list) in (try values.mapping(0)).sorted(by: { $0.key < $1.key }) {
                for element in list.elements ?? [] {
                    guard let text = element.string else { throw ConversionError(message: "null is no key") }
                    result[text, default: []].append(.string(key))
                }
            }
            return .map(.list(.string), result.mapValues { .list(.string, $0) })
        }.giving(.map(.list(.string))).ofWhole,
    ]

    static let sets: [String: HCLFunction] = [
        "setintersection": set { first, other in first.filter(Set(other).contains) },
        "setsubtract": HCLFunction([.set(.dynamic), .set(.dynamic)]) { values throws(ConversionError) in
            let (type, lists) = try unified(values)
            let taken = Set(lists[1])
            return .set(type, lists[0].filter { !taken.contains($0) })
        }.ofWhole,
        "setunion": set { $0 + $1 },
        "setproduct": HCLFunction([.dynamic], rest: .dynamic) { values throws(ConversionError) in
            try product(values)
        }
        .ofWhole,
    ]

    /// Whether all hold, or any; unknown where an unknown one decides.
    private static func judged(_ values: [HCLValue], untilFinding wanted: Bool) -> HCLValue {
        // Null counts as false.
        if values.contains(where: { !$0.isUnknown && ($0.bool ?? false) == wanted }) { return .bool(wanted) }
        return values.contains(where: \.isUnknown) ? .unknown(.bool) : .bool(!wanted)
    }

    private static func set(_ body: @escaping @Sendable ([HCLValue], [HCLValue]) -> [HCLValue]) -> HCLFunction
    {
        HCLFunction([.set(.dynamic)], rest: .set(.dynamic)) { values throws(ConversionError) in
            let (type, lists) = try unified(values)
            return .set(type, lists.dropFirst().reduce(lists[0], body))
        }.ofWhole
    }

    /// All to one element type; what is empty has a say only where nothing else has.
    private static func unified(_ values: [HCLValue]) throws(ConversionError) -> (HCLType, [[HCLValue]]) {
        let types = values.filter { $0.elements?.isEmpty == false || $0.type.element != .dynamic }
            .compactMap(\.type.element)
        guard let type = HCLType.unified(types) else {
            throw ConversionError(message: "the sets' elements are not of one type")
        }
        var result: [[HCLValue]] = []
        for position in values.indices {
            var list: [HCLValue] = []
            for element in try values.sequence(position) { list.append(try element.converted(to: type)) }
            result.append(list)
        }
        return (type, result)
    }

    /// Each way to take one of each; a set where all are sets.
    private static func product(_ values: [HCLValue]) throws(ConversionError) -> HCLValue {
        guard values.count > 1 else { throw ConversionError(message: "two or more are needed") }
        var (lists, types): ([[HCLValue]], [HCLType]) = ([], [])
        var count = 1
        for position in values.indices {
            let elements = try values.sequence(position)
            guard let type = values[position].type.element ?? HCLType.unified(elements.map(\.type)) else {
                throw ConversionError(message: "the elements of argument \(position + 1) are not of one type")
            }
            var list: [HCLValue] = []
            for element in elements { list.append(try element.converted(to: type)) }
            (lists, types) = (lists + [list], types + [type])
            let (next, isTooBig) = count.multipliedReportingOverflow(by: elements.count)
            count = isTooBig ? Int.max : next
            if !lists.contains(where: \.isEmpty) { try FunctionLimits.check(elements: count) }
        }
        guard !lists.contains(where: \.isEmpty) else {
            count = 0
            return shaped([], .tuple(types), values)
        }
        try FunctionLimits.check(elements: count * lists.count)
        var rows: [[HCLValue]] = [[]]
        for list in lists { rows = rows.flatMap { row in list.map { row + [$0] } } }
        return shaped(rows.map { .tuple($0) }, .tuple(types), values)
    }

    private static func shaped(_ rows: [HCLValue], _ type: HCLType, _ values: [HCLValue]) -> HCLValue {
        let areSets = values.allSatisfy { if case .set = $0.type { true } else { false } }
        return areSets ? .set(type, rows) : .list(type, rows)
    }
}
