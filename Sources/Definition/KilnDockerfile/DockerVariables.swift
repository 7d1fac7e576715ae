/// Variables put into a text, as builders do for `FROM`, `COPY`, `ENV` and the like.
package struct DockerVariables: Sendable {
    package struct Result: Sendable, Hashable {
        package var text: String
        /// Names that have no value here; they stand in the text as they were written.
        package var unknown: [String] = []
        /// Names whose value was put in.
        package var used: [String] = []
    }

    /// nil: declared without a value, which whoever builds gives.
    private var values: [String: String?]

    package init(_ values: [String: String?] = [:]) {
        self.values = values
    }

    package subscript(name: String) -> String? { values[name] ?? nil }
    package func declares(_ name: String) -> Bool { values.keys.contains(name) }

    /// Takes up an `ARG` or `ENV`. An `ARG` without a value takes that of the global one of its name.
    package mutating func take(_ instruction: DockerInstruction, global: DockerVariables? = nil) {
        guard instruction.keyword == "ARG" || instruction.keyword == "ENV" else { return }
        for pair in instruction.pairs {
            if let value = pair.value {
                let put = resolve(value.text)
                values[pair.name] = .some(put.unknown.isEmpty ? put.text : nil)
            } else if let inherited = global?.values[pair.name] {
                values[pair.name] = .some(inherited)
            } else {
                values[pair.name] = .some(nil)
            }
        }
    }

    package func resolve(_ text: String, escape: UInt8 = UInt8(ascii: "\\")) -> Result {
        var result = Result(text: "")
        var bytes: [UInt8] = []
        expand(Array(text.utf8)[...], escape, depth: 0, into: &bytes, &result)
        result.text = String(decoding: bytes, as: UTF8.self)
        return result
    }

    private func expand(
        _ text: ArraySlice<UInt8>,
        _ escape: UInt8,
        depth: Int,
        into bytes: inout [UInt8],
        _ result: inout Result
    ) {
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            if byte == escape, index + 1 < text.endIndex, text[index + 1] == UInt8(ascii: "$") {
                bytes.append(text[index + 1])
                index += 2
            } else if byte == UInt8(ascii: "$"), let use = DockerVariableUse(text[index...]), depth < 8 {
                put(use, escape, depth: depth, into: &bytes, &result)
                index += use.length
            } else {
                bytes.append(byte)
                index += 1
            }
        }
    }

    /// `${name:-word}`, `${name:+word}`, `${name-word}`, `${name+word}`, `${name:?word}`.
    private func put(
        _ use: DockerVariableUse,
        _ escape: UInt8,
        depth: Int,
        into bytes: inout [UInt8],
        _ result: inout Result
    ) {
        let value = values[use.name] ?? nil
        let isSet = value.map { !use.operation.hasPrefix(":") || !$0.isEmpty } ?? false
        switch use.operation.last {
        case "-" where !isSet: expand(use.word, escape, depth: depth + 1, into: &bytes, &result)
        case "+":
            if isSet {
                expand(use.word, escape, depth: depth + 1, into: &bytes, &result)
            } else if declares(use.name), value == nil {
                result.unknown.append(use.name)
                bytes += use.written
            }
        case "#", "%", "/":
            result.unknown.append(use.name)
            bytes += use.written
        default:
            if let value {
                result.used.append(use.name)
                bytes += value.utf8
            } else {
                result.unknown.append(use.name)
                bytes += use.written
            }
        }
    }
}

/// `$name` or `${name…}` at the start of a text.
struct DockerVariableUse {
    let name: String
    /// Such as `:-`; empty without one.
    let operation: String
    let word: ArraySlice<UInt8>
    let written: ArraySlice<UInt8>

    var length: Int { written.count }

    init?(_ text: ArraySlice<UInt8>) {
        var index = text.startIndex + 1
        guard index < text.endIndex else { return nil }
        let braced = text[index] == UInt8(ascii: "{")
        if braced { index += 1 }
        let name = text[index...].prefix {
            (65...90).contains($0 & 0xDF) || (48...57).contains($0) || $0 == 95
        }
        guard !name.isEmpty else { return nil }
        self.name = String(decoding: name, as: UTF8.self)
        index = name.endIndex
        guard braced else {
            (operation, word, written) = ("", [], text[text.startIndex..<index])
            return
        }
        var mark = text[index...].prefix(1)
        if mark.first == UInt8(ascii: ":") { mark = text[index...].prefix(2) }
        guard let sign = mark.last, "-+?#%/}".utf8.contains(sign) else { return nil }
        if sign == UInt8(ascii: "}") { mark = [] }
        operation = String(decoding: mark, as: UTF8.self)
        index += mark.count
        let start = index
        var depth = 1
        while index < text.endIndex {
            if text[index] == UInt8(ascii: "{") { depth += 1 }
            if text[index] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { break }
            index += 1
        }
        guard index < text.endIndex else { return nil }
        word = text[start..<index]
        written = text[text.startIndex...index]
    }
}
