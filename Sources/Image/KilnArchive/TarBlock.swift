/// A header block as it was read, with its fields.
struct TarBlock {
    private let bytes: [UInt8]
    var raw: [UInt8] { bytes }
    /// Of the block, in the stream.
    let offset: Int64

    /// Checks the checksum.
    init(_ bytes: [UInt8], at offset: Int64) throws(ArchiveError) {
        self.bytes = bytes
        self.offset = offset
        var unsigned: Int64 = 0
        var signed: Int64 = 0
        for (index, byte) in bytes.enumerated() {
            let counted = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
            unsigned += Int64(counted)
            signed += Int64(Int8(bitPattern: counted))
        }
        guard let stated = try? number(148, 8, "checksum") else {
            throw ArchiveError(.checksum, offset: offset)
        }
        // Some old writers summed signed bytes.
        guard stated == unsigned || stated == signed else { throw ArchiveError(.checksum, offset: offset) }
    }

    var type: UInt8 { bytes[156] }

    /// POSIX's form, whose prefix field belongs to the name; GNU's has other things there, the oldest has nothing.
    private var isUstar: Bool { bytes[257..<263].elementsEqual(Array("ustar".utf8) + [0]) }

    var name: [UInt8] {
        let name = text(0, 100)
        let prefix = isUstar ? text(345, 155) : []
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    var link: [UInt8] { text(157, 100) }

    func mode() throws(ArchiveError) -> UInt32 {
        UInt32(truncatingIfNeeded: try number(100, 8, "mode")) & 0o7777
    }
    func uid() throws(ArchiveError) -> Int64 { try number(108, 8, "uid") }
    func gid() throws(ArchiveError) -> Int64 { try number(116, 8, "gid") }
    func size() throws(ArchiveError) -> Int64 { try number(124, 12, "size") }
    func mtime() throws(ArchiveError) -> Int64 { try number(136, 12, "mtime") }

    func device() throws(ArchiveError) -> (major: UInt32, minor: UInt32) {
        guard let major = UInt32(exactly: try number(329, 8, "device")),
            let minor = UInt32(exactly: try number(337, 8, "device"))
        else { throw malformed("device") }
        return (major, minor)
    }

    func malformed(_ field: String) -> ArchiveError {
        ArchiveError(.malformed(field: field), path: String(validating: name, as: UTF8.self), offset: offset)
    }

    /// Up to the first zero byte.
    private func text(_ offset: Int, _ width: Int) -> [UInt8] {
        Array(bytes[offset..<offset + width].prefix { $0 != 0 })
    }

    /// Octal digits, or GNU's base-256 when the first bit is set. An empty field is 0.
    private func number(_ offset: Int, _ width: Int, _ field: String) throws(ArchiveError) -> Int64 {
        try Self.number(bytes[offset..<offset + width], field, at: self.offset)
    }

    static func number(
        _ raw: ArraySlice<UInt8>,
        _ field: String,
        at offset: Int64
    ) throws(ArchiveError) -> Int64 {
        if let first = raw.first, first & 0x80 != 0 { return try binary(raw, field, at: offset) }
        let digits = raw.drop { $0 == UInt8(ascii: " ") || $0 == 0 }
            .prefix { $0 != UInt8(ascii: " ") && $0 != 0 }
        var value: Int64 = 0
        for digit in digits {
            guard (48...55).contains(digit), value < 1 << 60 else {
                throw ArchiveError(.malformed(field: field), offset: offset)
            }
            value = value << 3 | Int64(digit - 48)
        }
        return value
    }

    /// Two's complement, most significant byte first, below the marker bit.
    private static func binary(
        _ raw: ArraySlice<UInt8>,
        _ field: String,
        at offset: Int64
    ) throws(ArchiveError) -> Int64 {
        let isNegative = (raw.first ?? 0) & 0x40 != 0
        var value: Int64 = isNegative ? -1 : 0
        for (index, byte) in raw.enumerated() {
            let byte = index > 0 ? byte : isNegative ? byte | 0x80 : byte & 0x7F
            guard value < 1 << 54, value >= -1 << 54 else {
                throw ArchiveError(.malformed(field: field), offset: offset)
            }
            value = value << 8 | Int64(byte)
        }
        return value
    }
}
