import SwiftASN1

/// Text around binary keys (RFC 7468).
enum PEMText {
    struct Block: Hashable {
        let type: String
        let bytes: [UInt8]
    }

    /// Most characters of a key's file: the largest that Kiln reads has under a thousand.
    static let limit = 16 << 10

    static func encode(_ type: String, _ bytes: [UInt8]) -> String {
        PEMDocument(type: type, derBytes: bytes).pemString + "\n"
    }

    /// The one block of a text; what stands around it would be taken for more than it is.
    static func decode(_ text: String) throws(KeySyntaxError) -> Block {
        guard text.utf8.count <= limit else { throw .notPEM }
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            String(line.reversed().drop(while: \.isWhitespace).reversed())
        }
        .filter { !$0.isEmpty }
        guard let document = try? PEMDocument(pemString: lines.joined(separator: "\n")) else { throw .notPEM }
        return Block(type: document.discriminator, bytes: document.derBytes)
    }
}
