import KilnAdvisories
import KilnArchive

/// The list of crates that cargo-auditable puts into a program: compressed JSON in the section `.dep-v0`.
enum CargoAudit {
    private static let longest: Int64 = 2 << 20

    static func read(_ elf: ElfFile) -> [FoundPackage] {
        guard let section = elf.section(".dep-v0"), let packed = elf.content(section, limit: longest),
            let text = try? ZlibText.decoded(packed, limit: Int(longest) * 4),
            let json = try? JSONValue(parsing: text[...])
        else { return [] }
        return (json["packages"]?.items ?? []).compactMap { crate in
            // What only built it is not in it.
            guard crate["kind"]?.text != "build", let name = crate["name"]?.text,
                let version = crate["version"]?.text
            else { return nil }
            return FoundPackage(.cargo, name, version)
        }
    }
}
