import CLinux
import Glibc
import KilnSystem
package import SystemPackage

/// A network of an instance's own, as the kernel keeps it (network_namespaces(7)).
package enum NetworkNamespace {
    /// A thread is in a namespace of its own while it makes one: nobody else runs there.
    private static let maker = ThreadPool(limit: 1)

    /// Makes one whose loopback interface is up, and binds it to the file, which is made too.
    package static func make(at file: FilePath) async throws {
        try Files.createDirectory(file.removingLastComponent(), mode: 0o700)
        try Files.write("", to: file, mode: 0o600, synced: false)
        try await Blocking.run(on: maker) {
            let ours = try own()
            defer { close(ours) }
            guard kiln_new_network() == 0 else { throw SystemError.last("make a network namespace") }
            // It would live for as long as a thread is in it.
            defer { kiln_enter_network(ours) }
            try raiseLoopback()
            try Mounts.mount("/proc/thread-self/ns/net", at: file, flags: .bind)
        }
    }

    /// That of the process, whatever its threads do.
    private static func own() throws -> Int32 {
        let descriptor = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open the network namespace") }
        return descriptor
    }

    /// Of the namespace that the thread is in (netdevice(7)).
    private static func raiseLoopback() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError.last("open a socket") }
        defer { close(descriptor) }
        var request = ifreq()
        withUnsafeMutableBytes(of: &request.ifr_ifrn) { $0.copyBytes(from: "lo".utf8) }
        request.ifr_ifru.ifru_flags = Int16(IFF_UP)
        guard ioctl(descriptor, UInt(SIOCSIFFLAGS), &request) == 0 else {
            throw SystemError.last("set the loopback interface up")
        }
    }
}
