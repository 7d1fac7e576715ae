/// Sizes as people write them: plain bytes, powers of 1024 (`64MiB`) or powers of 1000 (`64MB`).
package enum ByteSize {
    private static let units: [(name: String, bytes: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000),
    ]
    /// Past any machine, and far from overflow.
    private static let limit: Int64 = 1 << 50

    static let pattern = "^[1-9][0-9]{0,14}(KiB|MiB|GiB|TiB|kB|MB|GB|TB)?$"

    package static func parse(_ text: String) throws(ValueError) -> Int64 {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let unit = text.dropFirst(digits.count)
        let scale = unit.isEmpty ? 1 : units.first { $0.name == unit }?.bytes
        guard !digits.isEmpty, digits.first != "0", digits.count <= 15, let count = Int64(digits), let scale
        else {
            throw ValueError("bad-size", "\"\(text)\" is no size", hint: hint(digits: digits, unit: unit))
        }
        guard count <= limit / scale else {
            throw ValueError("bad-size", "\"\(text)\" is more than 1024TiB", hint: "the largest is 1024TiB")
        }
        return count * scale
    }

    /// The shortest way to write it.
    package static func text(_ bytes: Int64) -> String {
        guard let unit = units.prefix(4).first(where: { bytes > 0 && bytes % $0.bytes == 0 }) else {
            return String(bytes)
        }
        return "\(bytes / unit.bytes)\(unit.name)"
    }

    /// One letter says too little: `64M` is one size for some tools and another for others.
    private static func hint(digits: Substring, unit: Substring) -> String {
        let general =
            "bytes, or a whole number with KiB, MiB, GiB (powers of 1024) or kB, MB, GB (powers of 1000)"
        let letter = unit.drop { $0 == " " }.lowercased().prefix(1)
        guard !digits.isEmpty, digits.first != "0", let index = ["t", "g", "m", "k"].firstIndex(of: letter)
        else {
            return general
        }
        return
            "write \(digits)\(units[index].name) (powers of 1024) or \(digits)\(units[index + 4].name) (powers of 1000)"
    }
}
