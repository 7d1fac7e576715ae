import Glibc
import KilnDefinition
import KilnSystem
import SystemPackage

/// Who listens on an address already.
struct ListenerHolder {
    let processes: [Int32]
    /// For people, such as `nginx (process 812)`.
    let name: String

    /// Whether nobody is there who could go on listening.
    var isEnding: Bool { processes.allSatisfy { ProcessIdentity.arguments(of: $0).isEmpty } }

    static func find(_ listen: ListenAddress) throws -> ListenerHolder? {
        var sockets = Self.sockets(listeningOn: listen, try listeners(in: "/proc/self/net/tcp"))
        if let more = try? listeners(in: "/proc/self/net/tcp6") {
            sockets.formUnion(Self.sockets(listeningOn: listen, more))
        }
        guard !sockets.isEmpty else { return nil }
        let holders = try ProcessIdentity.all().filter { holds(sockets, $0) }
        let names = holders.prefix(3).map { pid in
            let name = (try? Files.readText(FilePath("/proc/\(pid)/comm"))) ?? "?"
            return "\(name.prefix { !$0.isNewline }) (process \(pid))"
        }
        return ListenerHolder(
            processes: holders,
            name: names.isEmpty ? "another process" : names.joined(separator: ", ")
        )
    }

    /// The lines of sockets in state LISTEN (proc(5), net/tcp), each in its fields. The kernel tells them before all others, of which
    /// a machine under load has tens of thousands (tcp_seq_start in net/ipv4/tcp_ipv4.c): those are not read.
    private static func listeners(in path: FilePath) throws -> [[Substring]] {
        let descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try descriptor.closeAfter {
            var text: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = try chunk.withUnsafeMutableBytes { try descriptor.read(into: $0) }
                text += chunk[..<count]
                let found = listeners(String(decoding: text, as: UTF8.self))
                if found.isLast || count == 0 { return found.lines }
            }
        }
    }

    /// The same of the beginning of a table, and whether something else follows them.
    static func listeners(_ table: String) -> (lines: [[Substring]], isLast: Bool) {
        var lines: [[Substring]] = []
        // What the last line feed does not end may be cut off.
        let end = table.utf8.lastIndex(of: 0x0A) ?? table.startIndex
        for line in table.utf8[..<end].split(separator: 0x0A).dropFirst() {
            let fields = line.split(separator: 0x20).map { Substring($0) }
            guard fields.count > 9 else { continue }
            guard fields[3] == "0A" else { return (lines, true) }
            lines.append(fields)
        }
        return (lines, false)
    }

    /// Inodes of those on the port, at the address or at all addresses.
    static func sockets(listeningOn listen: ListenAddress, _ lines: [[Substring]]) -> Set<String> {
        if listen.isIPv6 { return sockets6(listeningOn: listen, lines) }
        let wanted = Subnet.address(listen.address)
        var inodes: Set<String> = []
        for fields in lines {
            let local = fields[1].split(separator: ":")
            guard local.count == 2, UInt16(local[1], radix: 16) == listen.port else { continue }
            // The last word holds the IPv4 address, also of an IPv4-mapped one; all zero means every address.
            let address = UInt32(local[0].suffix(8), radix: 16)?.byteSwapped
            let isEvery = local[0].allSatisfy { $0 == "0" }
            if isEvery || wanted == 0 || address == wanted { inodes.insert(String(fields[9])) }
        }
        return inodes
    }

    /// The same of IPv6: four words, each with its bytes turned round.
    private static func sockets6(listeningOn listen: ListenAddress, _ lines: [[Substring]]) -> Set<String> {
        var address = in6_addr()
        guard inet_pton(AF_INET6, listen.address, &address) == 1 else { return [] }
        let bytes = withUnsafeBytes(of: &address) { Array($0) }
        let wanted = stride(from: 0, to: 16, by: 4).map { start in
            bytes[start..<start + 4].reversed().map { byte in
                let digits = String(byte, radix: 16, uppercase: true)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
        }.joined()
        var inodes: Set<String> = []
        for fields in lines {
            let local = fields[1].split(separator: ":")
            guard local.count == 2, UInt16(local[1], radix: 16) == listen.port, local[0].count == 32 else {
                continue
            }
            let isEvery = local[0].allSatisfy { $0 == "0" }
            if isEvery || listen.isEvery || local[0] == wanted { inodes.insert(String(fields[9])) }
        }
        return inodes
    }

    private static func holds(_ sockets: Set<String>, _ pid: Int32) -> Bool {
        let folder = "/proc/\(pid)/fd"
        guard let names = try? Files.list(FilePath(folder)) else { return false }
        var buffer = [CChar](repeating: 0, count: 64)
        return names.contains { name in
            let count = readlink("\(folder)/\(name)", &buffer, buffer.count)
            guard count > 9 else { return false }
            let target = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return target.hasPrefix("socket:[") && sockets.contains(String(target.dropFirst(8).dropLast()))
        }
    }
}
