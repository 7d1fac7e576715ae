/// The blocks of a PEM file (RFC 7468), without what stands around them.
struct PEMText: Sendable, Hashable {
    struct Block: Sendable, Hashable {
        let label: String
        /// Its lines, those of its borders too.
        let lines: [String]

        var text: String { lines.joined(separator: "\n") + "\n" }
        var isCertificate: Bool { label == "CERTIFICATE" || label == "X509 CERTIFICATE" }
        var isKey: Bool { label.hasSuffix("PRIVATE KEY") }
        /// Only who knows its passphrase can use it (RFC 5958, RFC 1421).
        var isEncrypted: Bool {
            label.hasPrefix("ENCRYPTED")
                || lines.contains { $0.hasPrefix("Proc-Type:") && $0.hasSuffix("ENCRYPTED") }
        }
        /// The base64 between the borders.
        var payload: String { lines.dropFirst().dropLast().joined() }
    }

    let blocks: [Block]

    /// A block that does not end is none.
    init(_ bytes: [UInt8]) {
        var blocks: [Block] = []
        var label: String?
        var lines: [String] = []
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let line = line.trimmingWhitespace
            if let begun = Self.label(line, after: "-----BEGIN ") {
                (label, lines) = (begun, [line])
            } else if let open = label {
                lines.append(line)
                guard Self.label(line, after: "-----END ") == open else { continue }
                blocks.append(Block(label: open, lines: lines))
                label = nil
            }
        }
        self.blocks = blocks
    }

    private static func label(_ line: String, after start: String) -> String? {
        guard line.hasPrefix(start), line.hasSuffix("-----"), line.count >= start.count + 5 else {
            return nil
        }
        return String(line.dropFirst(start.count).dropLast(5))
    }
}

extension Substring {
    fileprivate var trimmingWhitespace: String {
        var text = drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
