import KilnArchive
import SystemPackage

/// A package's control archive (deb(5), deb-control(5)).
struct ControlArchive: Sendable {
    struct Member: Sendable {
        let mode: UInt32
        /// Seconds since 1970.
        let time: Int64
        let content: [UInt8]

        var text: String { String(decoding: content, as: UTF8.self) }
    }

    let control: PackageControl
    /// By name: `control`, `postinst`, `md5sums`, …
    let members: [String: Member]
    /// Absolute paths of configuration files.
    let conffiles: [String]
    /// `<name>`, or `<name>:<architecture>` where several architectures may be installed side by side: how dpkg's
    /// files about it begin.
    let databaseName: String

    private static let memberLimit = 32 << 20

    /// The `control` file as it is.
    var stanza: String { members["control"]?.text ?? "" }

    static func read(_ package: PackageFile) async throws -> ControlArchive {
        let members = try await package.read(.control) { reader in
            var members: [String: Member] = [:]
            while let entry = try reader.next() {
                guard case .file = entry.kind, !entry.path.contains("/") else { continue }
                let content = try reader.content(limit: memberLimit)
                members[entry.path] = Member(mode: entry.mode, time: entry.mtime, content: content)
            }
            return members
        }
        return try ControlArchive(members, of: package.path)
    }

    init(_ members: [String: Member], of file: FilePath) throws {
        guard let text = members["control"]?.text, var control = PackageControl(parsing: text) else {
            throw BakeError.badPackage(file.lastComponent?.string ?? "", "its control file names no package")
        }
        let fields = ControlFields(parsing: text)
        let conffiles = Self.lines(members["conffiles"])
        let triggers = Self.lines(members["triggers"])
        control.isPlain =
            members["preinst"] == nil && members["md5sums"] != nil
            && conffiles.allSatisfy { $0.hasPrefix("/") } && !triggers.contains { $0.hasPrefix("interest") }
        self.control = control
        self.members = members
        self.conffiles = conffiles
        let isShared = fields["multi-arch"] == "same"
        databaseName = isShared ? "\(control.name):\(fields["architecture"] ?? "")" : control.name
    }

    /// Without blank lines and comments.
    private static func lines(_ member: Member?) -> [String] {
        guard let member else { return [] }
        return member.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }
}
