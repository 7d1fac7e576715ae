import Glibc

/// Finds bytes in bytes.
enum ByteSearch {
    /// Where the needle begins, at or after `start`; nil when it is not there.
    static func first(
        _ needle: [UInt8],
        in bytes: UnsafeRawBufferPointer,
        from start: Int = 0
    ) -> Int? {
        guard let base = bytes.baseAddress, let letter = needle.first, start >= 0 else { return nil }
        var position = start
        while position + needle.count <= bytes.count {
            let room = bytes.count - needle.count - position + 1
            guard let hit = memchr(base + position, Int32(letter), room) else { return nil }
            position = UnsafeRawPointer(hit) - base
            if memcmp(base + position, needle, needle.count) == 0 { return position }
            position += 1
        }
        return nil
    }
}
