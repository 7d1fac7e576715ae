import Glibc

/// An instance as its folder tells.
package struct Instance: Sendable, Hashable {
    package let name: String
    let fleet: String
    let slot: Int32?
    package let process: Int32?
    let supervisor: Int32?

    init?(_ name: String, of fleet: String, in home: TestHome) {
        let folder = "\(home.home)/run/\(fleet)/\(name)"
        let spec = Text.read("\(folder)/spec.json")
        guard name.hasPrefix("\(fleet)-"), !spec.isEmpty else { return nil }
        let record = Text.read("\(folder)/process.json")
        self.name = name
        self.fleet = fleet
        slot = Text.number(after: "slot", in: spec)
        process = record.firstRange(of: "\"process\":").flatMap {
            Text.number(after: "pid", in: record[$0.upperBound...])
        }
        supervisor = record.firstRange(of: "\"supervisor\":").flatMap {
            Text.number(after: "pid", in: record[$0.upperBound...])
        }
    }
}

extension TestHome {
    package func instances(of fleet: String) -> [Instance] {
        Text.list("\(home)/run/\(fleet)").compactMap { Instance($0, of: fleet, in: self) }
    }

    /// The servers that the fleet's balancer gives requests to.
    package func serving(_ fleet: String) -> Set<String> {
        servers(of: fleet).filter { $0.value.isServing }.reduce(into: []) { $0.insert($1.key) }
    }

    func servers(of fleet: String) -> [String: (isServing: Bool, status: String)] {
        let text = ask("\(runtime)/haproxy/\(fleet).sock", "show stat -1 4 -1")
        let rows = text.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        guard let header = rows.first, let status = header.firstIndex(of: "status"),
            let weight = header.firstIndex(of: "weight")
        else { return [:] }
        var servers: [String: (isServing: Bool, status: String)] = [:]
        for row in rows.dropFirst() where row.count > max(status, weight) && row[0] == "instances" {
            let isServing = row[status].hasPrefix("UP") && Int(row[weight]) ?? 0 > 0
            servers[String(row[1])] = (isServing, String(row[status]))
        }
        return servers
    }

    /// Whether every fleet has all its instances serving, each of them alive and supervised, and its listener answers.
    package var isWhole: Bool { names.allSatisfy(isWhole) }

    func isWhole(_ fleet: String) -> Bool {
        let instances = instances(of: fleet)
        guard instances.count == self.instances, serving(fleet) == Set(instances.map(\.name)) else {
            return false
        }
        let areAlive = instances.allSatisfy { instance in
            [instance.process, instance.supervisor].allSatisfy { $0.map(Processes.isAlive) ?? false }
        }
        return areAlive && get(fleet)
    }

    /// Whether a request is answered well.
    func get(_ fleet: String) -> Bool {
        var peer = sockaddr_in()
        peer.sin_family = sa_family_t(AF_INET)
        peer.sin_port = port(of: fleet).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &peer.sin_addr)
        let answer = withUnsafePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                exchange(AF_INET, $0, socklen_t(MemoryLayout<sockaddr_in>.size), "GET / HTTP/1.0\r\n\r\n")
            }
        }
        return answer.hasPrefix("HTTP/1.") && answer.contains(" 200 ")
    }

    private func ask(_ socket: String, _ question: String) -> String {
        var peer = sockaddr_un()
        peer.sun_family = sa_family_t(AF_UNIX)
        guard socket.utf8.count < MemoryLayout.size(ofValue: peer.sun_path) else { return "" }
        withUnsafeMutableBytes(of: &peer.sun_path) { $0.copyBytes(from: socket.utf8) }
        return withUnsafePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                exchange(AF_UNIX, $0, socklen_t(MemoryLayout<sockaddr_un>.size), question + "\n")
            }
        }
    }

    private func exchange(
        _ family: Int32,
        _ address: UnsafePointer<sockaddr>,
        _ length: socklen_t,
        _ question: String
    ) -> String {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 3, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard connect(descriptor, address, length) == 0 else { return "" }
        let bytes = Array(question.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return "" }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            answer += chunk[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
