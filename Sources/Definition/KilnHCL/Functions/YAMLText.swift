import Yams

/// YAML as `yamlencode` writes it and `yamldecode` reads it.
enum YAMLText {
    private static let nodeLimit = 200_000
    private static let depthLimit = 100

    static func encoded(_ value: HCLValue) throws(ConversionError) -> String {
        var lines: [String] = []
        try write(value, indent: 0, first: "", to: &lines)
        let text = lines.joined(separator: "\n") + "\n"
        try FunctionLimits.check(bytes: text.utf8.count)
        return text
    }

    /// `first` stands before the first line in place of the indent.
    private static func write(
        _ value: HCLValue,
        indent: Int,
        first: String,
        to lines: inout [String]
    ) throws(ConversionError) {
        try FunctionLimits.check(bytes: lines.count)
        let space = String(repeating: " ", count: indent)
        switch value.content {
        case .elements(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() {
                try write(element, indent: indent + 2, first: (index == 0 ? first : space) + "- ", to: &lines)
            }
        case .attributes(let attributes) where !attributes.isEmpty:
            for (index, pair) in attributes.sorted(by: { $0.key < $1.key }).enumerated() {
                let start = (index == 0 ? first : space) + quoted(pair.key) + ":"
                guard !isBlock(pair.value) else {
                    lines.append(start)
                    // A list lies under its key without a further indent.
                    let inner = pair.value.type.isSequence ? indent : indent + 2
                    try write(
                        pair.value,
                        indent: inner,
                        first: String(repeating: " ", count: inner),
                        to: &lines
                    )
                    continue
                }
                lines.append(start + " " + scalar(pair.value, indent: indent + 2))
            }
        default: lines.append(first + scalar(value, indent: indent))
        }
    }

    private static func isBlock(_ value: HCLValue) -> Bool {
        value.elements?.isEmpty == false || value.attributes?.isEmpty == false
    }

    private static func scalar(_ value: HCLValue, indent: Int) -> String {
        switch value.content {
        case .null, .unknown: return "null"
        case .bool(let bool): return bool ? "true" : "false"
        case .number(let number): return number.description
        case .string(let text): return block(text, indent: indent) ?? quoted(text)
        case .elements: return "[]"
        case .attributes: return "{}"
        }
    }

    /// A text of several lines as it stands, where YAML can hold it so.
    private static func block(_ text: String, indent: Int) -> String? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let isPlain = text.unicodeScalars.allSatisfy {
            $0.value >= 32 && $0.value < 0x7F || $0.value > 0x9F || $0 == "\n"
        }
        guard lines.count > 1, isPlain, !lines.contains(where: { $0.last == " " }),
            lines.first?.isEmpty == false,
            lines.dropLast().last?.isEmpty == false
        else { return nil }
        let ends = lines.last?.isEmpty == true
        let kept = ends ? lines.dropLast() : lines[...]
        let space = String(repeating: " ", count: max(indent, 2))
        let mark = "|" + (lines.first?.first == " " ? "2" : "") + (ends ? "" : "-")
        return ([mark] + kept.map { $0.isEmpty ? "" : space + $0 }).joined(separator: "\n")
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0": result += "\\0"
            case _ where scalar.value < 32 || (0x7F...0x9F).contains(scalar.value):
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    static func decoded(_ text: String) throws(ConversionError) -> HCLValue {
        try FunctionLimits.check(bytes: text.utf8.count * 8)
        // Yams keeps a pointer into the text, which only long strings store apart from themselves.
        var text = text.utf8.count < 64 ? text + "\n" + String(repeating: " ", count: 64) : text
        text.makeContiguousUTF8()
        var count = 0
        do {
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            guard let root = try parser.singleRoot() else {
                throw ConversionError(message: "there is no document")
            }
            // Nodes hold their anchors weakly; the parser owns them.
            return try withExtendedLifetime(parser) { try value(root, depth: 0, &count) }
        } catch let error as ConversionError {
            throw error
        } catch {
            throw ConversionError(message: "this is not YAML, or a key is there twice")
        }
    }

    /// Aliases stand for what they name, so that all nodes are counted wherever they stand.
    private static func value(
        _ node: Node,
        depth: Int,
        _ count: inout Int
    ) throws(ConversionError) -> HCLValue {
        count += 1
        guard count <= nodeLimit, depth <= depthLimit else {
            throw ConversionError(message: "the document is too large, or nested too deep", isLimit: true)
        }
        switch node {
        case .scalar(let scalar): return try plain(scalar)
        case .sequence(let sequence):
            var elements: [HCLValue] = []
            for node in sequence { elements.append(try value(node, depth: depth + 1, &count)) }
            return .tuple(elements)
        case .mapping(let mapping):
            var (attributes, merged): ([String: HCLValue], [String: HCLValue]) = ([:], [:])
            for (key, node) in mapping {
                let inner = try value(node, depth: depth + 1, &count)
                guard let name = key.scalar?.string else {
                    throw ConversionError(message: "a key is to be a scalar")
                }
                if name == "<<", let parts = inner.attributes {
                    merged.merge(parts) { first, _ in first }
                } else {
                    attributes[Normal.form(of: name)] = inner
                }
            }
            return .object(attributes.merging(merged) { own, _ in own })
        case .alias: throw ConversionError(message: "an alias names nothing")
        }
    }

    private static func plain(_ scalar: Node.Scalar) throws(ConversionError) -> HCLValue {
        let (text, tag) = (scalar.string, scalar.tag.description)
        guard scalar.style == .plain || scalar.style == .any, !tag.hasSuffix(":str"),
            !tag.hasSuffix(":binary")
        else {
            return .string(text)
        }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null()
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N": return .bool(false)
        default: return number(text).map { .number($0) } ?? .string(text)
        }
    }

    private static func number(_ text: String) -> HCLNumber? {
        for (mark, base) in [("0x", 16), ("0o", 8)] where text.hasPrefix(mark) {
            return Int(text.dropFirst(2), radix: base).map { HCLNumber($0) }
        }
        guard let first = text.utf8.first, (48...57).contains(first) || [43, 45, 46].contains(first) else {
            return nil
        }
        return HCLNumber(text)
    }
}
