import KilnDiagnostics

extension Syntax where Value: FixedWidthInteger {
    static func number(_ noun: String, in range: ClosedRange<Value>) -> Syntax {
        .scalar(
            noun,
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            schema: [
                "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
                "maximum": .integer(Int64(range.upperBound)),
            ],
            isQuoted: false,
            shown: { .integer(Int64($0)) },
            parse: { text throws(ValueError) in
                try WholeNumber.parse(text, "bad-number", noun, in: range)
            }
        )
    }
}

extension Syntax where Value == UInt16 {
    static var port: Syntax { .number("port number", in: 1...65535) }
}

extension Syntax where Value == UInt32 {
    static var userNumber: Syntax { .number("user id", in: UserName.numbers) }

    static var mode: Syntax {
        .scalar(
            "mode",
            expected: "a mode such as \"0644\"",
            schema: ["type": "string", "pattern": .string(FileMode.pattern)],
            isQuoted: true,
            shown: { .string(FileMode.text($0)) },
            parse: FileMode.parse
        )
    }
}

extension Syntax where Value == Int64 {
    static var size: Syntax {
        .scalar(
            "size",
            expected: "a size such as 64MiB",
            schema: ["type": ["string", "integer"], "pattern": .string(ByteSize.pattern), "minimum": 1],
            shown: { .string(ByteSize.text($0)) },
            parse: ByteSize.parse
        )
    }

    /// Less than any process starts in was meant in other units.
    static var memory: Syntax {
        let least: Int64 = 4 << 20
        return .scalar(
            "size",
            expected: "a size such as 512MiB",
            schema: [
                "type": ["string", "integer"], "pattern": .string(ByteSize.pattern),
                "minimum": .integer(least),
            ],
            shown: { .string(ByteSize.text($0)) },
            parse: { text throws(ValueError) in
                let size = try ByteSize.parse(text)
                guard size < least else { return size }
                let isBare = text.utf8.allSatisfy { (48...57).contains($0) }
                throw ValueError(
                    "bad-size",
                    "\(text)\(isBare ? " bytes" : "") is too little memory for any process",
                    hint: isBare && (4..<1 << 16).contains(size)
                        ? "write \(size)MiB" : "at least \(ByteSize.text(least))"
                )
            }
        )
    }
}

extension Syntax where Value == Double {
    static var cores: Syntax {
        .scalar(
            "number of cores",
            expected: "a number of cores such as 1 or 0.5",
            schema: ["type": "number", "exclusiveMinimum": 0, "maximum": 1024],
            isQuoted: false,
            shown: { .number($0) },
            parse: { text throws(ValueError) in
                let isDecimal = text.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
                guard isDecimal, let first = text.utf8.first, let last = text.utf8.last, first != 46,
                    last != 46,
                    let cores = Double(text), cores >= 0.01, cores <= 1024
                else {
                    var hint = "a number from 0.01 to 1024, such as 1 or 0.5"
                    if text.hasSuffix("m"), let thousandths = Double(text.dropLast()), thousandths >= 10 {
                        hint = "write \(thousandths / 1000)"
                    }
                    throw ValueError("bad-number", "\"\(text)\" is no number of cores", hint: hint)
                }
                return cores
            }
        )
    }
}

extension Syntax where Value == Duration {
    static var duration: Syntax { .duration(isPositive: false) }
    static var positiveDuration: Syntax { .duration(isPositive: true) }

    private static func duration(isPositive: Bool) -> Syntax {
        .scalar(
            "duration",
            expected: "a duration such as 10s",
            schema: ["type": "string", "pattern": .string(DurationText.pattern)],
            shown: { .string(DurationText.text($0)) },
            parse: { text throws(ValueError) in
                let duration = try DurationText.parse(text)
                guard !isPositive || duration > .zero else {
                    throw ValueError("bad-duration", "\"\(text)\" is too short here", hint: "at least 1ms")
                }
                return duration
            }
        )
    }
}

extension Syntax where Value == RolloutDefinition.Amount {
    static var amount: Syntax {
        .scalar(
            "number or share",
            expected: "a number of instances such as 1, or a share such as 25%",
            schema: [
                "type": ["string", "integer"],
                "pattern": .string("^(0|[1-9][0-9]{0,3})$|\(RolloutDefinition.Amount.pattern)"),
                "minimum": 0,
                "maximum": 1000,
            ],
            shown: { amount in
                if case .count(let count) = amount { .integer(Int64(count)) } else { .string(amount.text) }
            },
            parse: { text throws(ValueError) in
                try RolloutDefinition.Amount(parsing: text)
            }
        )
    }
}

extension Syntax where Value == RolloutDefinition.Step.Pause {
    static var pause: Syntax {
        .scalar(
            "duration or manual",
            expected: "a duration such as 5m, or manual",
            schema: ["type": "string", "pattern": .string("^manual$|\(DurationText.pattern)")],
            shown: { pause in
                if case .time(let time) = pause {
                    .string(DurationText.text(time))
                } else {
                    .string("manual")
                }
            },
            parse: { text throws(ValueError) in
                text == "manual" ? .manual : .time(try DurationText.parse(text))
            }
        )
    }
}

extension Syntax where Value == Bool {
    static var flag: Syntax {
        .scalar(
            "true or false",
            expected: "true or false",
            schema: ["type": "boolean"],
            isQuoted: false,
            shown: { .bool($0) },
            parse: { text throws(ValueError) in
                switch text {
                case "true": return true
                case "false": return false
                default:
                    let meant =
                        ["yes", "on", "1", "y"].contains(text.lowercased())
                        ? "true"
                        : ["no", "off", "0", "n"].contains(text.lowercased()) ? "false" : "true or false"
                    throw ValueError(
                        "bad-choice",
                        "\"\(text)\" is neither true nor false",
                        hint: "write \(meant)"
                    )
                }
            }
        )
    }
}

extension Syntax where Value: CaseIterable & RawRepresentable<String> {
    static func choice(_ noun: String) -> Syntax {
        let words = Value.allCases.map(\.rawValue)
        return .scalar(
            words.joined(separator: " or "),
            expected: words.joined(separator: " or "),
            schema: ["enum": .array(words.map(JSONValue.string))],
            shown: { .string($0.rawValue) },
            parse: { text throws(ValueError) in
                guard let value = Value(rawValue: text) else {
                    let hint = Spelling.hint(for: text, in: words)
                    throw ValueError("bad-choice", "\"\(text)\" is no \(noun)", hint: hint)
                }
                return value
            }
        )
    }
}
