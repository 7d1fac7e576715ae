import KilnArchive

/// What programs say of the modules that they were built from: Go's build information, cargo-auditable's list.
enum BinaryReader {
    static func read(_ content: some RandomBytes) -> [FoundPackage] {
        guard let elf = ElfFile(content) else { return [] }
        return GoBuildInfo.read(elf) + CargoAudit.read(elf)
    }
}
