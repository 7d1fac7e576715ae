import Glibc
package import SystemPackage

/// What the kernel starts files with that it cannot run itself: qemu-user for programs of other CPUs (Linux,
/// admin-guide/binfmt-misc.rst).
package struct BinaryFormats: Sendable, Hashable {
    package struct Format: Sendable, Hashable {
        package let name: String
        package let isEnabled: Bool
        package let interpreter: FilePath
        /// One letter each; `F` opens the interpreter at registration, so that it is there in every root.
        package let flags: String
        let offset: Int
        let magic: [UInt8]
        let mask: [UInt8]

        package var isThereInEveryRoot: Bool { flags.contains("F") }
    }

    package let formats: [Format]

    private static let folder: FilePath = "/proc/sys/fs/binfmt_misc"

    /// Those that are registered; nil when only root could tell. Where the kernel's list is mounted nowhere it is mounted for
    /// the moment, elsewhere.
    package static func registered() async throws -> BinaryFormats? {
        if Files.exists(folder.appending("status")) { return try BinaryFormats(reading: folder) }
        guard geteuid() == 0 else { return nil }
        let known = (try? Files.readText("/proc/filesystems")) ?? ""
        guard known.split(whereSeparator: \.isWhitespace).contains("binfmt_misc") else {
            return BinaryFormats(formats: [])
        }
        return try await TemporaryDirectory.with(in: "/tmp", prefix: "kiln-binfmt-") { target in
            try Mounts.mount("kiln", at: target, type: "binfmt_misc", flags: .noDevices, options: "")
            defer { try? Mounts.unmountAll(under: target) }
            return try BinaryFormats(reading: target)
        }
    }

    init(formats: [Format]) {
        self.formats = formats
    }

    private init(reading folder: FilePath) throws {
        formats = try Files.list(folder).sorted().filter { !["register", "status"].contains($0) }
            .compactMap { name in
                // One that is taken away meanwhile is none.
                (try? Files.readText(folder.appending(name))).flatMap { Format(name: name, parsing: $0) }
            }
    }

    /// The one that a file which begins so is started with.
    package func format(of header: [UInt8]) -> Format? {
        formats.first { $0.isEnabled && $0.matches(header) }
    }
}

extension BinaryFormats.Format {
    /// nil for what goes by a file's name, and for what cannot be read.
    init?(name: String, parsing text: String) {
        var values: [Substring: Substring] = [:]
        var isEnabled = false
        for line in text.split(separator: "\n") {
            if line == "enabled" { isEnabled = true }
            guard let end = line.firstIndex(of: " ") else { continue }
            values[line[..<end]] = line[line.index(after: end)...]
        }
        guard let interpreter = values["interpreter"], let magic = values["magic"].flatMap(Self.bytes) else {
            return nil
        }
        let mask = values["mask"].flatMap(Self.bytes) ?? magic.map { _ in 0xFF }
        guard mask.count == magic.count else { return nil }
        self.init(
            name: name,
            isEnabled: isEnabled,
            interpreter: FilePath(String(interpreter)),
            flags: String(values["flags:"] ?? ""),
            offset: values["offset"].flatMap { Int($0) } ?? 0,
            magic: magic,
            mask: mask
        )
    }

    private static func bytes(_ hex: Substring) -> [UInt8]? {
        guard hex.utf8.count.isMultiple(of: 2), !hex.isEmpty else { return nil }
        var bytes: [UInt8] = []
        var rest = hex
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    /// What the kernel compares; a header that ends before the magic does is compared as far as it goes, since what is
    /// registered for a CPU may look at more than the CPU.
    func matches(_ header: [UInt8]) -> Bool {
        guard offset == 0, header.count >= 20 else { return false }
        return zip(header, zip(magic, mask)).allSatisfy { byte, pattern in
            byte & pattern.1 == pattern.0 & pattern.1
        }
    }
}
