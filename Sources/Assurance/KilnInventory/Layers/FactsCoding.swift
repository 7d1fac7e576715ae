/// Writes numbers in sevens of bits and texts by their lengths: the same bytes for the same facts.
struct FactsWriter {
    private(set) var bytes: [UInt8] = []

    mutating func number(_ value: UInt64) { bytes.append(varint: value) }

    mutating func bytes(_ part: [UInt8]) {
        number(UInt64(part.count))
        bytes += part
    }

    mutating func text(_ text: String) {
        number(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    mutating func text(_ text: String?) {
        number(text == nil ? 0 : 1)
        if let text { self.text(text) }
    }

    mutating func texts(_ texts: [String]) {
        number(UInt64(texts.count))
        for item in texts { text(item) }
    }

    mutating func distribution(_ distribution: Distribution) {
        text(distribution.id)
        text(distribution.version)
        text(distribution.codename)
        text(distribution.name)
    }
}

/// Reads what a `FactsWriter` wrote, and nothing else.
struct FactsReader {
    var cursor: VarintCursor

    /// Of things of at least one byte each: never more than there are bytes left.
    mutating func count() -> Int? {
        guard let value = cursor.varint(), value <= UInt64(Int32.max) else { return nil }
        return Int(value)
    }

    mutating func bytes() -> ArraySlice<UInt8>? { cursor.varint().flatMap { cursor.take($0) } }

    mutating func text() -> String? { bytes().map { String(decoding: $0, as: UTF8.self) } }

    /// nil for bytes that are not whole, a text of nil where there is none.
    mutating func optionalText() -> String?? {
        switch cursor.varint() {
        case 0: return .some(nil)
        case 1: return text().map(Optional.some)
        default: return nil
        }
    }

    mutating func texts() -> [String]? {
        guard let count = count(), count <= cursor.rest.count else { return nil }
        var found: [String] = []
        found.reserveCapacity(count)
        for _ in 0..<count {
            guard let text = text() else { return nil }
            found.append(text)
        }
        return found
    }

    mutating func distribution() -> Distribution? {
        guard let id = text(), let version = text(), let codename = optionalText(), let name = optionalText()
        else { return nil }
        return Distribution(id: id, version: version, codename: codename, name: name)
    }
}
