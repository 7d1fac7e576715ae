import KilnArchive

/// The build information of a Go program (Go's `debug/buildinfo`): its Go, its main module and what that depends on.
enum GoBuildInfo {
    private static let magic = Array(
        "\u{FF} Go buildinf:".unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    )
    private static let searched: Int64 = 1 << 20
    private static let longest: Int64 = 4 << 20

    static func read(_ elf: ElfFile) -> [FoundPackage] {
        guard let (version, modules) = texts(elf) else { return [] }
        var packages: [FoundPackage] = []
        let plain = version.prefix { $0 != " " }
        if plain.hasPrefix("go"), plain.utf8.dropFirst(2).first.map({ $0 >= 0x30 && $0 <= 0x39 }) == true {
            packages.append(FoundPackage(.go, "stdlib", String(plain.dropFirst(2))))
        }
        return packages + parse(modules)
    }

    /// Go's version, and the module lines.
    private static func texts(_ elf: ElfFile) -> (version: String, modules: String)? {
        guard let place = place(elf), let head = try? elf.bytes.bytes(at: place, 32) else { return nil }
        if head[15] & 2 != 0 {
            let left = min(elf.bytes.size - place - 32, longest)
            guard let rest = try? elf.bytes.bytes(at: place + 32, left) else { return nil }
            var cursor = VarintCursor(rest[...])
            guard let length = cursor.varint(), let version = cursor.take(length) else { return nil }
            let modules = cursor.varint().flatMap { cursor.take($0) } ?? []
            return (String(decoding: version, as: UTF8.self), unframed(Array(modules)))
        }
        // Up to Go 1.17: two addresses of strings, each an address and a length.
        let size = Int(head[14])
        guard size == 4 || size == 8 else { return nil }
        let numbers = ElfNumbers(bytes: head, isBigEndian: head[15] & 1 != 0)
        guard let version = string(elf, at: numbers.at(16, size), size, numbers.isBigEndian) else {
            return nil
        }
        let modules = string(elf, at: numbers.at(16 + size, size), size, numbers.isBigEndian) ?? []
        return (String(decoding: version, as: UTF8.self), unframed(modules))
    }

    private static func string(
        _ elf: ElfFile,
        at address: UInt64,
        _ size: Int,
        _ isBigEndian: Bool
    ) -> [UInt8]? {
        guard let header = elf.bytes(atAddress: address, Int64(2 * size)) else { return nil }
        let numbers = ElfNumbers(bytes: header, isBigEndian: isBigEndian)
        guard let length = Int64(exactly: numbers.at(size, size)), length <= longest else { return nil }
        return elf.bytes(atAddress: numbers.at(0, size), length)
    }

    /// The lines stand between marks of 16 bytes each.
    private static func unframed(_ bytes: [UInt8]) -> String {
        guard bytes.count >= 33, bytes[bytes.count - 17] == 0x0A else { return "" }
        return String(decoding: bytes[16..<bytes.count - 16], as: UTF8.self)
    }

    /// In its own section, else somewhere in the data that can be written.
    private static func place(_ elf: ElfFile) -> Int64? {
        if let section = elf.section(".go.buildinfo") {
            return search(elf, section.offset, section.size)
        }
        guard
            elf.sections.isEmpty || elf.section(".gopclntab") != nil || elf.section(".note.go.buildid") != nil
        else { return nil }
        for segment in elf.segments where segment.flags & 3 == 2 {
            if let found = search(elf, segment.offset, min(segment.size, searched)) { return found }
        }
        return nil
    }

    private static func search(_ elf: ElfFile, _ offset: Int64, _ size: Int64) -> Int64? {
        guard let bytes = try? elf.bytes.bytes(at: offset, min(size, searched)) else { return nil }
        for place in stride(from: 0, to: max(0, bytes.count - 31), by: 16)
        where bytes[place] == magic[0] && bytes[place...].starts(with: magic) {
            return offset + Int64(place)
        }
        return nil
    }

    private static func parse(_ text: String) -> [FoundPackage] {
        var modules: [(name: String, version: String)] = []
        var settings: [Substring: Substring] = [:]
        var main: Int?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: "\t", omittingEmptySubsequences: false)
            switch words[0] {
            case "mod" where words.count >= 2:
                main = modules.count
                modules.append((String(words[1]), words.count > 2 ? String(words[2]) : ""))
            case "dep" where words.count >= 3: modules.append((String(words[1]), String(words[2])))
            // What the line before is replaced by is what was built.
            case "=>" where words.count >= 3 && !modules.isEmpty:
                modules[modules.count - 1] = (String(words[1]), String(words[2]))
            case "build" where words.count == 2:
                guard let equals = words[1].firstIndex(of: "=") else { continue }
                settings[words[1][..<equals]] = words[1][words[1].index(after: equals)...]
            default: continue
            }
        }
        if let main, ["", "(devel)"].contains(modules[main].version) {
            modules[main].version = pseudoVersion(settings) ?? "(devel)"
        }
        return modules.filter { !$0.name.isEmpty && !$0.version.isEmpty }.map {
            FoundPackage(.go, $0.name, $0.version)
        }
    }

    /// `v0.0.0-20240102030405-0123456789ab`, of what the source control said at the build (Go modules, "Pseudo-versions").
    private static func pseudoVersion(_ settings: [Substring: Substring]) -> String? {
        guard let revision = settings["vcs.revision"], revision.count >= 12, let time = settings["vcs.time"]
        else {
            return nil
        }
        let digits = time.filter { $0.isASCII && $0.isNumber }
        guard digits.count >= 14 else { return nil }
        return "v0.0.0-\(digits.prefix(14))-\(revision.prefix(12))"
    }
}
