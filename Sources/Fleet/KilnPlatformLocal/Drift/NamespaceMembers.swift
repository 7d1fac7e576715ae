import SystemPackage

/// Who is in which of the machine's namespaces, at one look at all processes.
struct NamespaceMembers: Sendable {
    /// The ones through which a process gets at an instance: its processes, its files, its connections.
    private static let kinds = ["ns/pid", "ns/mnt", "ns/net"]

    /// By the namespace's name, such as `net:[4026531840]`.
    private let members: [String: Set<Int32>]
    private let own: Set<String>

    /// What ends meanwhile is left out.
    static func look() throws -> NamespaceMembers {
        var members: [String: Set<Int32>] = [:]
        for pid in try ProcessIdentity.all() {
            for name in names(pid) { members[name, default: []].insert(pid) }
        }
        return NamespaceMembers(members: members, own: names("self"))
    }

    /// Everybody who shares one of these namespaces with the process. The host's own are nobody's.
    func companions(of pid: Int32) -> Set<Int32> {
        Self.names(pid).subtracting(own).reduce(into: []) { $0.formUnion(members[$1] ?? []) }
    }

    private static func names(_ process: some CustomStringConvertible) -> Set<String> {
        Set(kinds.compactMap { ProcessLinks.target($0, of: "\(process)") })
    }
}
