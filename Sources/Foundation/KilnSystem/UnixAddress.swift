package import Glibc
package import SystemPackage

/// The address of a Unix socket (unix(7)): its path, of at most 107 bytes.
package struct UnixAddress: Sendable {
    private let path: FilePath

    package init(_ path: FilePath) {
        self.path = path
    }

    /// Hands over what `connect` and `bind` take; throws for a path that is too long.
    package func with<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) throws -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.string.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemError("use the socket \(path)", .fileNameTooLong)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
