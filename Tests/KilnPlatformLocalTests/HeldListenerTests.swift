import Glibc
import KilnDefinition
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite struct `An address that is listened on` {
    @Test func `is taken by who is there, and free soon where nobody is`() async throws {
        try await Sandbox.with { sandbox in
            let process = BalancerProcess(
                paths: FleetPaths(home: sandbox.home, fleet: "web"),
                runner: ToolRunner()
            )
            let listen = ListenAddress(address: "127.0.0.1", port: try FreePort.find())
            let listener = try listener(listen.port)
            #expect(try ListenerHolder.find(listen)?.isEnding == false)
            await #expect(throws: LocalPlatformError.self) {
                try await process.refuseTakenListener(listen)
            }
            // On its way to another process it is nobody's, as that of one that is just ending.
            let ends = try sent(listener)
            await #expect(throws: LocalPlatformError.self) {
                try await process.refuseTakenListener(listen)
            }
            // A fleet whose balancer was killed does not wait for what is left of that.
            let file = process.paths.balancerProcess
            try Files.createDirectory(file.removingLastComponent())
            try Files.write("4194303\n", to: file)
            try await process.refuseTakenListener(listen)
            try Files.remove(file)
            #expect(try ListenerHolder.find(listen)?.isEnding == true)
            async let free: Void = process.refuseTakenListener(listen)
            await Task.yield()
            for end in ends { close(end) }
            try await free
            #expect(try ListenerHolder.find(listen)?.processes == nil)
        }
    }

    private func listener(_ port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0 && listen(descriptor, 1) == 0)
        return descriptor
    }

    /// Puts the descriptor into a connection that nobody reads (unix(7), SCM_RIGHTS), and closes it here.
    private func sent(_ descriptor: Int32) throws -> [Int32] {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0, &ends) == 0)
        // A header of three fields, and the number.
        var control = [UInt64](repeating: 0, count: 3)
        control[0] = 20
        control[1] = UInt64(SOL_SOCKET) | UInt64(SCM_RIGHTS) << 32
        control[2] = UInt64(descriptor)
        var byte: UInt8 = 0
        let count = withUnsafeMutablePointer(to: &byte) { byte in
            control.withUnsafeMutableBytes { control in
                var part = iovec(iov_base: byte, iov_len: 1)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    return sendmsg(ends[0], &message, 0)
                }
            }
        }
        try #require(count == 1)
        close(descriptor)
        return ends
    }
}
