/// Who an instance runs as, in numbers.
package struct ImageUser: Sendable, Hashable {
    package let uid: UInt32
    package let gid: UInt32
    package let additionalGroups: [UInt32]
    /// From `/etc/passwd`.
    package let home: String?

    /// Reads the forms of OCI's `User`: a name or number, then perhaps `:` and a group.
    ///
    /// nil when a name is not in the image's own `/etc/passwd` or `/etc/group`.
    init?(_ text: String, passwd: String, group: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        let name = parts.first ?? "0"
        let accounts = Self.rows(passwd, columns: 7)
        let groups = Self.rows(group, columns: 4)
        let account = accounts.first { $0[0] == name } ?? accounts.first { $0[2] == name }
        guard let uid = UInt32(account?[2] ?? name) else { return nil }
        self.uid = uid
        home = account?[5]
        if parts.count == 2 {
            let row = groups.first { $0[0] == parts[1] }
            guard let gid = UInt32(row?[2] ?? parts[1]) else { return nil }
            self.gid = gid
            additionalGroups = []
        } else {
            let gid = account.flatMap { UInt32($0[3]) } ?? 0
            self.gid = gid
            let accountName = account?[0]
            additionalGroups = groups.filter { row in
                row[3].split(separator: ",").contains { $0 == accountName ?? "" }
            }.compactMap { UInt32($0[2]) }.filter { $0 != gid }
        }
    }

    private static func rows(_ text: String, columns: Int) -> [[String]] {
        text.split(separator: "\n")
            .map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
            .filter { $0.count >= columns }
    }
}
