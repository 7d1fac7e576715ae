/// os-release(5): `NAME=value`, quoted as a shell would.
enum OSReleaseReader {
    static func read(_ bytes: [UInt8]) -> FileRecord.Fact {
        var values: [Substring: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let equals = line.firstIndex(of: "="), line.first != "#" else { continue }
            values[line[..<equals]] = unquoted(line[line.index(after: equals)...])
        }
        guard let id = values["ID"], !id.isEmpty else { return .unreadable("it names no ID") }
        return .distribution(
            Distribution(
                id: id,
                version: values["VERSION_ID"] ?? "",
                codename: values["VERSION_CODENAME"],
                name: values["PRETTY_NAME"] ?? values["NAME"]
            )
        )
    }

    private static func unquoted(_ text: Substring) -> String {
        var rest = text
        while rest.last?.isWhitespace == true { rest.removeLast() }
        guard let quote = rest.first, quote == "\"" || quote == "'", rest.count >= 2, rest.last == quote
        else {
            return String(rest)
        }
        var result = ""
        var isEscaped = false
        for character in rest.dropFirst().dropLast() {
            if character == "\\", quote == "\"", !isEscaped {
                isEscaped = true
                continue
            }
            result.append(character)
            isEscaped = false
        }
        return result
    }
}
