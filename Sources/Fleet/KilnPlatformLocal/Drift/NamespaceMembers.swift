import Glibc
import KilnSystem
import Synchronization

/// Who is in which of the machine's namespaces, at one look at all processes.
struct NamespaceMembers: Sendable {
    /// The ones through which a process gets at an instance: its processes, its files, its connections.
    private static let kinds = ["pid", "mnt", "net"]

    /// By the namespace's number, which no two have, whatever their kinds (namespaces(7)).
    private let members: [UInt64: Set<Int32>]
    private let own: Set<UInt64>

    /// What ends meanwhile is left out.
    static func look() throws -> NamespaceMembers {
        var members: [UInt64: Set<Int32>] = [:]
        for pid in try ProcessIdentity.all() {
            for number in numbers("\(pid)") { members[number, default: []].insert(pid) }
        }
        return NamespaceMembers(members: members, own: numbers("self"))
    }

    /// Everybody who shares one of these namespaces with the process. The host's own are nobody's.
    func companions(of pid: Int32) -> Set<Int32> {
        Self.numbers("\(pid)").subtracting(own).reduce(into: []) { $0.formUnion(members[$1] ?? []) }
    }

    private static func numbers(_ process: String) -> Set<UInt64> {
        Set(
            kinds.compactMap { kind in
                var facts = stat()
                return stat("/proc/\(process)/ns/\(kind)", &facts) == 0 ? UInt64(facts.st_ino) : nil
            }
        )
    }
}

/// The last look, for all fleets that are compared in one round.
final class NamespaceMemory: Sendable {  // a class: copies of a platform share it
    private static let freshness = Duration.seconds(1)

    private let kept = Mutex<(look: NamespaceMembers, time: BootInstant)?>(nil)

    func recent() throws -> NamespaceMembers {
        let now = BootInstant.now
        if let kept = kept.withLock(\.self), kept.time.duration(to: now) < Self.freshness { return kept.look }
        let look = try NamespaceMembers.look()
        kept.withLock { $0 = (look, now) }
        return look
    }
}
