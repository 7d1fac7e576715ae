import FoundationEssentials

/// The blocks of a PEM file (RFC 7468): text around binary keys and certificates.
package struct PEMText: Sendable, Hashable {
    package struct Block: Sendable, Hashable {
        package let label: String
        /// Its lines, those of its borders too.
        package let lines: [String]

        package var text: String { lines.joined(separator: "\n") + "\n" }
        package var isCertificate: Bool { label == "CERTIFICATE" || label == "X509 CERTIFICATE" }
        package var isKey: Bool { label.hasSuffix("PRIVATE KEY") }
        /// Only who knows its passphrase can use it (RFC 5958, RFC 1421).
        package var isEncrypted: Bool {
            label.hasPrefix("ENCRYPTED")
                || lines.contains { $0.hasPrefix("Proc-Type:") && $0.hasSuffix("ENCRYPTED") }
        }
        /// The base64 between the borders.
        package var payload: String { lines.dropFirst().dropLast().joined() }
        /// What that says; nil where something else stands between the borders.
        package var bytes: [UInt8]? { Data(base64Encoded: payload).map { Array($0) } }
    }

    package let blocks: [Block]
    /// Whether there is anything around the blocks.
    package let hasStrays: Bool

    /// A block that does not end is none.
    package init(_ bytes: [UInt8]) {
        var blocks: [Block] = []
        var label: String?
        var lines: [String] = []
        var hasStrays = false
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let line = line.trimmingWhitespace
            if let begun = Self.label(line, after: "-----BEGIN ") {
                hasStrays = hasStrays || label != nil
                (label, lines) = (begun, [line])
            } else if let open = label {
                lines.append(line)
                guard Self.label(line, after: "-----END ") == open else { continue }
                blocks.append(Block(label: open, lines: lines))
                label = nil
            } else {
                hasStrays = hasStrays || !line.isEmpty
            }
        }
        self.blocks = blocks
        self.hasStrays = hasStrays || label != nil
    }

    /// One block, as it is written into files.
    package static func encode(_ label: String, _ bytes: [UInt8]) -> String {
        var rest = Data(bytes).base64EncodedString()[...]
        var lines = ["-----BEGIN \(label)-----"]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        return (lines + ["-----END \(label)-----", ""]).joined(separator: "\n")
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
