import Glibc

/// Tells the service manager how a service does: datagrams to the socket that `NOTIFY_SOCKET` names (sd_notify(3)).
package struct ServiceNotifier: Sendable {
    package enum State: Sendable, Hashable {
        case ready
        case stopping
        /// The service is alive.
        case watchdog
        /// A sentence for people.
        case status(String)

        var line: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .watchdog: "WATCHDOG=1"
            case .status(let text): "STATUS=\(text.split(separator: "\n").joined(separator: " "))"
            }
        }
    }

    /// How often the manager wants to hear that the service is alive: half of what it waits for. nil: never.
    package let watchdogInterval: Duration?
    private let name: [UInt8]

    /// nil where no manager listens. Watchdog times that are meant for another process are left alone.
    package init?(environment: [String: String], process: Int32 = getpid()) {
        guard let socket = environment["NOTIFY_SOCKET"], let first = socket.utf8.first,
            [UInt8(ascii: "/"), UInt8(ascii: "@")].contains(first),
            socket.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        else { return nil }
        // A name in the abstract namespace begins with a zero byte (unix(7)).
        name = (first == UInt8(ascii: "@") ? [0] : [first]) + socket.utf8.dropFirst()
        let isForUs = environment["WATCHDOG_PID"].map { Int32($0) == process } ?? true
        let limit = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogInterval = isForUs && limit > 0 ? .microseconds(limit / 2) : nil
    }

    /// Whether it was sent; a manager that does not listen any more is no reason to end.
    @discardableResult
    package func send(_ state: State) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        // An abstract name is as long as it is said to be; a path ends with a zero byte.
        let length = socklen_t(offset + name.count + (name.first == 0 ? 0 : 1))
        let bytes = Array(state.line.utf8)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        return sent == bytes.count
    }
}
