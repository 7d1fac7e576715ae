import FoundationEssentials

/// Private keys as texts: PEM (RFC 7468), OpenSSH's, PGP's and PuTTY's.
enum PrivateKeys {
    private static let begin = Array("-----BEGIN ".utf8)
    private static let putty = Array("PuTTY-User-Key-File-".utf8)
    private static let labels: Set<String> = [
        "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK",
    ]
    /// Of a key's text; no key is longer.
    private static let longest = 64 << 10

    static func findings(in file: ScannedFile, _ content: [UInt8], _ lines: LineNumbers) -> [SecretFinding] {
        var found: [SecretFinding] = []
        var place = 0
        while let start = content[place...].firstIndex(of: 0x2D) {
            place = start + 1
            guard content[start...].starts(with: begin) else { continue }
            place = start + begin.count
            guard let (kind, secret) = key(content[(start + begin.count)...].prefix(longest)) else {
                continue
            }
            found.append(SecretFinding(kind, secret, path: file.path, line: lines.line(at: start)))
        }
        if content.starts(with: putty), String(decoding: content, as: UTF8.self).contains("\nPrivate-Lines:")
        {
            found.append(SecretFinding(.puttyKey, content, path: file.path, line: 1))
        }
        return found
    }

    /// The key whose label comes first in the text. Only what decodes to a key is one: documentation is full of labels.
    private static func key(_ text: ArraySlice<UInt8>) -> (SecretKind, [UInt8])? {
        let dashes = Array("-----".utf8)
        let head = text.prefix(32)
        guard let end = head.indices.first(where: { head[$0...].starts(with: dashes) }) else { return nil }
        let label = String(decoding: head[..<end], as: UTF8.self)
        guard labels.contains(label) else { return nil }
        let body = text[(end + dashes.count)...]
        let closing = Array("-----END \(label)-----".utf8)
        // What begins anew before it ends is none, and is looked at from there on: no byte is read for many keys.
        guard let stop = body.indices.first(where: { body[$0] == 0x2D && body[$0...].isBoundary }),
            body[stop...].starts(with: closing)
        else { return nil }
        // Keys in JSON and in variables have their line ends written out.
        let whole = String(decoding: body[..<stop], as: UTF8.self).replacing("\\n", with: "\n")
        let rows = whole.split(whereSeparator: \.isNewline).map { $0.filter { !$0.isWhitespace } }
        let isLocked = rows.contains { $0.hasPrefix("Proc-Type:") }
        let base64 = rows.filter { !$0.contains(":") && !$0.hasPrefix("=") }.joined()
        guard let data = Data(base64Encoded: base64), data.count >= 32 else { return nil }
        let bytes = Array(data)
        if label.hasPrefix("PGP") { return (.pgpKey, bytes) }
        let isKey =
            label.hasPrefix("OPENSSH")
            ? bytes.starts(with: Array("openssh-key-v1\u{0}".utf8)) : bytes.first == 0x30 || isLocked
        return isKey ? (.privateKey, bytes) : nil
    }
}

extension ArraySlice<UInt8> {
    /// Whether it goes on with the first or the last line of something in PEM.
    fileprivate var isBoundary: Bool {
        starts(with: "-----BEGIN ".utf8) || starts(with: "-----END ".utf8)
    }
}
