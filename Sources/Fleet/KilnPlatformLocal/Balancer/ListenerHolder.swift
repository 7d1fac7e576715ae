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
        var sockets = Self.sockets(listeningOn: listen, try Files.readText("/proc/self/net/tcp"))
        if let text = try? Files.readText("/proc/self/net/tcp6") {
            sockets.formUnion(Self.sockets(listeningOn: listen, text))
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

    /// Inodes of sockets in state LISTEN on the port, at the address or at all addresses (proc(5), net/tcp).
    static func sockets(listeningOn listen: ListenAddress, _ table: String) -> Set<String> {
        if listen.isIPv6 { return sockets6(listeningOn: listen, table) }
        let wanted = Subnet.address(listen.address)
        var inodes: Set<String> = []
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 9, fields[3] == "0A" else { continue }
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
    private static func sockets6(listeningOn listen: ListenAddress, _ table: String) -> Set<String> {
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
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 9, fields[3] == "0A" else { continue }
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
