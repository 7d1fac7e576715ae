/// Functions about expressions, secrets, and what nobody can know beforehand.
extension StandardFunctions {
    static let special: [String: HCLFunction] = [
        "try": HCLFunction(special: .attempt, [.dynamic], rest: .dynamic),
        "can": HCLFunction(special: .test, [.dynamic]),
        "sensitive": HCLFunction([.dynamic], seesAll: true) { $0[0].markedSensitive() },
        "nonsensitive": HCLFunction([.dynamic], seesAll: true) { $0[0].withoutSensitivity },
        "issensitive": HCLFunction([.dynamic], seesAll: true) { .bool($0[0].isSensitive) },
        "type": HCLFunction([.dynamic], seesAll: true) { .string($0[0].type.description) },
        "timestamp": unpredictable([]),
        "plantimestamp": unpredictable([]),
        "uuid": unpredictable([]),
        "uuidv4": unpredictable([]),
        "bcrypt": HCLFunction([.string], rest: .number, seesAll: true) { _ in .unknown(.string) },
    ]

    /// Something else each time: unknown here.
    private static func unpredictable(_ parameters: [HCLType]) -> HCLFunction {
        HCLFunction(parameters, seesAll: true) { _ in .unknown(.string) }
    }

    /// The table with functions that read files. `read` says no by throwing; it sees names as they are written and bounds what it gives.
    package static func table(
        readingFiles read: @escaping @Sendable (String) throws(ConversionError) -> [UInt8]
    ) -> [String: HCLFunction] {
        let text: @Sendable (String) throws(ConversionError) -> String = { name throws(ConversionError) in
            let bytes = try read(name)
            try FunctionLimits.check(bytes: bytes.count)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw ConversionError(message: "\"\(name)\" is no text in UTF-8; filebase64 reads any file")
            }
            return text
        }
        var result = table
        result["file"] = HCLFunction([.string]) { values throws(ConversionError) in
            .string(try text(values.text(0)))
        }
        .giving(.string)
        result["filebase64"] = HCLFunction([.string]) { values throws(ConversionError) in
            .string(base64(try read(values.text(0))))
        }.giving(.string)
        result["fileexists"] = HCLFunction([.string]) { values in
            .bool((try? read(values.text(0))) != nil)
        }.giving(.bool)
        result["templatefile"] = HCLFunction(special: .template(text), [.string, .dynamic])
        for (name, digest) in fileDigests {
            result[name] = HCLFunction([.string]) { values throws(ConversionError) in
                .string(digest(try read(values.text(0))))
            }.giving(.string)
        }
        return result
    }

    /// Names of files: of text only, so that nothing is read.
    static let names: [String: HCLFunction] = [
        "basename": HCLFunction([.string]) { values in
            let parts = values.text(0).split(separator: "/")
            return .string(parts.last.map { String($0) } ?? (values.text(0).isEmpty ? "." : "/"))
        }.giving(.string),
        "dirname": HCLFunction([.string]) { values in .string(folder(values.text(0))) }.giving(.string),
    ]

    private static func folder(_ path: String) -> String {
        var parts: [Substring] = []
        let isAbsolute = path.hasPrefix("/")
        guard let slash = path.lastIndex(of: "/") else { return "." }
        for part in path[..<slash].split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else if part != ".." || !isAbsolute {
                parts.append(part)
            }
        }
        let joined = parts.joined(separator: "/")
        return isAbsolute ? "/" + joined : (joined.isEmpty ? "." : joined)
    }
}
