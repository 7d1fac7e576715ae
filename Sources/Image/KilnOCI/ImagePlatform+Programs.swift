extension ImagePlatform {
    /// How an executable file of the platform begins: the ELF header up to its machine (elf(5)).
    package var programHeader: [UInt8]? {
        guard let machine = Self.machines[architecture] else { return nil }
        let isWide = !["386", "arm", "mipsle"].contains(architecture)
        let isBig = architecture == "s390x"
        let ident: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, isWide ? 2 : 1, isBig ? 2 : 1, 1]
        let padding = [UInt8](repeating: 0, count: 9)
        return ident + padding + (isBig ? [0, 2, 0, machine] : [2, 0, machine, 0])
    }

    /// `e_machine` of each; none is above 255.
    private static let machines: [String: UInt8] = [
        "386": 3, "mips64le": 8, "mipsle": 8, "ppc64le": 21, "s390x": 22, "arm": 40, "amd64": 62,
        "arm64": 183,
        "riscv64": 243,
    ]
}
