/// Small programs that say what they were built of.
enum SampleProgram {
    /// A 64-bit ELF file with one section of content.
    static func elf(section name: String, _ content: [UInt8], flags: UInt8 = 0) -> [UInt8] {
        func number(_ value: Int, _ size: Int) -> [UInt8] {
            (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let names = Array("\u{0}\(name)\u{0}.shstrtab\u{0}".utf8)
        let start = 64
        let table = (start + content.count + names.count + 7) / 8 * 8
        var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + Array(repeating: 0, count: 9)
        bytes += number(2, 2) + number(62, 2) + number(1, 4) + number(0, 8) + number(0, 8) + number(table, 8)
        bytes += number(0, 4) + number(64, 2) + number(56, 2) + number(0, 2) + number(64, 2) + number(3, 2)
        bytes += number(2, 2) + content + names
        bytes += Array(repeating: 0, count: table - bytes.count)
        func section(_ name: Int, _ type: Int, _ offset: Int, _ size: Int) -> [UInt8] {
            number(name, 4) + number(type, 4) + number(0, 8) + number(0, 8) + number(offset, 8)
                + number(size, 8)
                + number(0, 24)
        }
        return bytes + section(0, 0, 0, 0) + section(1, 1, start, content.count)
            + section(name.utf8.count + 2, 3, start + content.count, names.count)
    }

    /// As `debug/buildinfo` has it since Go 1.18.
    static func buildInfo(_ version: String, _ modules: String) -> [UInt8] {
        func text(_ bytes: [UInt8]) -> [UInt8] {
            var rest = bytes.count
            var length: [UInt8] = []
            while rest >= 0x80 {
                length.append(UInt8(rest & 0x7F) | 0x80)
                rest >>= 7
            }
            return length + [UInt8(rest)] + bytes
        }
        let mark = Array(repeating: UInt8(0x30), count: 16)
        return [0xFF] + Array(" Go buildinf:".utf8) + [8, 2] + Array(repeating: 0, count: 16)
            + text(Array(version.utf8)) + text(mark + Array(modules.utf8) + mark)
    }
}
