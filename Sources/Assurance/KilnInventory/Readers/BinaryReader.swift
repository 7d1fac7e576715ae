import KilnArchive

/// What programs say of the modules that they were built from: Go's build information, cargo-auditable's list.
enum BinaryReader {
    static func read(_ content: some RandomBytes) -> [FoundPackage] {
        guard let elf = ElfFile(content) else { return [] }
        return GoBuildInfo.read(elf) + CargoAudit.read(elf)
    }

    /// OCI's word for the processor; nil for one that has none here.
    static func architecture(_ machine: UInt64) -> String? {
        switch machine {
        case 3: "386"
        case 20, 21: machine == 21 ? "ppc64le" : "ppc"
        case 22: "s390x"
        case 40: "arm"
        case 62: "amd64"
        case 183: "arm64"
        case 243: "riscv64"
        default: nil
        }
    }
}
