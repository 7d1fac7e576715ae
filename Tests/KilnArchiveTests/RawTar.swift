/// Makes tars by hand, wrong ones too.
struct RawTar {
    private(set) var bytes: [UInt8] = []

    /// Adds a member as it is said, with a right checksum.
    func adding(
        _ name: String,
        type: Character = "0",
        link: String = "",
        content: String = "",
        size: String? = nil,
        mode: String = "0000644",
        device: (String, String) = ("", "")
    ) -> RawTar {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
        }
        put(name, 0)
        put(mode, 100)
        put("0000000", 108)
        put("0000000", 116)
        put(size ?? Self.octal(content.utf8.count, 11), 124)
        put("00000000000", 136)
        put(String(type), 156)
        put(link, 157)
        put("ustar\u{0}00", 257)
        put(device.0, 329)
        put(device.1, 337)
        put("        ", 148)
        put(Self.octal(block.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", 148)
        var copy = self
        copy.bytes +=
            block + content.utf8 + [UInt8](repeating: 0, count: (512 - content.utf8.count % 512) % 512)
        return copy
    }

    /// With the blocks that end an archive.
    var ended: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count + 1
        while "\(length)\(rest)".utf8.count != length { length += 1 }
        return "\(length)\(rest)"
    }

    private static func octal(_ value: Int, _ digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: digits - text.count) + text
    }
}
