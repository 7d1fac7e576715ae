import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `A service that tells its manager` {
    /// Binds a socket as a manager does, and gives what arrives on it while the body runs.
    private func heard(at name: [UInt8], isAbstract: Bool, _ body: () -> Void) throws -> [String] {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(2 + name.count + (isAbstract ? 0 : 1))
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(bound == 0)
        body()
        var messages: [String] = []
        var chunk = [UInt8](repeating: 0, count: 1024)
        while case let count = recv(descriptor, &chunk, chunk.count, 0), count > 0 {
            messages.append(String(decoding: chunk[..<count], as: UTF8.self))
        }
        return messages
    }

    @Test func `is heard at a path and in the abstract namespace`() async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("notify").string
            let states: [ServiceNotifier.State] = [.ready, .watchdog, .status("two\nlines"), .stopping]
            let expected = ["READY=1", "WATCHDOG=1", "STATUS=two lines", "STOPPING=1"]
            let atPath = try heard(at: Array(path.utf8), isAbstract: false) {
                let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": path])
                for state in states { #expect(notifier?.send(state) == true) }
            }
            #expect(atPath == expected)
            let name = "kiln-test-\(getpid())"
            let abstract = try heard(at: [0] + Array(name.utf8), isAbstract: true) {
                let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": "@\(name)"])
                for state in states { #expect(notifier?.send(state) == true) }
            }
            #expect(abstract == expected)
            #expect(ServiceNotifier(environment: ["NOTIFY_SOCKET": path])?.send(.ready) == false)
        }
    }

    @Test(arguments: [
        (["NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "60000000"], Duration.seconds(30) as Duration?),
        (["NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"], .seconds(30)),
        (["NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"], nil),
        (["NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "soon"], nil),
        (["NOTIFY_SOCKET": "@a"], nil),
    ])
    func `is watched as often as the manager asks`(environment: [String: String], interval: Duration?) {
        #expect(ServiceNotifier(environment: environment, process: 7)?.watchdogInterval == interval)
    }

    @Test(arguments: [[:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "relative"]])
    func `says nothing where nobody listens`(environment: [String: String]) {
        #expect(ServiceNotifier(environment: environment) == nil)
    }
}
