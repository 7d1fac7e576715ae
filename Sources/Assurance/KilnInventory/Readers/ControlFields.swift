/// Fields of the form `Name: value` with indented continuation lines, as dpkg's and Python's metadata have them.
package struct ControlFields {
    private static let most = 1000
    private static let longestName = 100
    private static let longestValue = 64 << 10
    private var fields: [(name: String, value: String)] = []

    /// Of a name, whatever its case; of several, the first.
    package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    var isEmpty: Bool { fields.isEmpty }

    /// Each paragraph, with those of the fields that are asked for (names in small letters).
    package static func forEach<Failure: Error>(
        in bytes: [UInt8],
        _ wanted: Set<String>,
        _ body: (ControlFields) throws(Failure) -> Void
    ) throws(Failure) {
        var current = ControlFields()
        var isKept = false
        try TextLines.forEach(in: bytes) { line throws(Failure) in
            if line.allSatisfy(\.isBlank) {
                if !current.isEmpty { try body(current) }
                current = ControlFields()
                isKept = false
            } else if line.first == 0x20 || line.first == 0x09 {
                if isKept { current.extend(line) }
            } else {
                isKept = current.begin(line, wanted)
            }
        }
        if !current.isEmpty { try body(current) }
    }

    /// Those of the first paragraph alone.
    static func first(in bytes: [UInt8], _ wanted: Set<String>) -> ControlFields {
        var head = bytes[...]
        // A description of any length follows the first empty line.
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            if bytes[start..<end].allSatisfy(\.isBlank) {
                head = bytes[..<end]
                break
            }
            start = end + 1
        }
        var found = ControlFields()
        forEach(in: Array(head), wanted) { if found.isEmpty { found = $0 } }
        return found
    }

    private mutating func begin(_ line: Slice<UnsafeBufferPointer<UInt8>>, _ wanted: Set<String>) -> Bool {
        guard fields.count < Self.most, let colon = line.prefix(Self.longestName).firstIndex(of: 0x3A) else {
            return false
        }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        guard wanted.contains(name) else { return false }
        fields.append((name, Self.trimmed(line[(colon + 1)...])))
        return true
    }

    private mutating func extend(_ line: Slice<UnsafeBufferPointer<UInt8>>) {
        guard fields[fields.count - 1].value.utf8.count < Self.longestValue else { return }
        fields[fields.count - 1].value += "\n" + Self.trimmed(line)
    }

    private static func trimmed(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        let front = bytes.drop(while: \.isBlank)
        guard let last = front.lastIndex(where: { !$0.isBlank }) else { return "" }
        return String(decoding: front[...last], as: UTF8.self)
    }
}

extension UInt8 {
    var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D }
}
