import Glibc
import KilnSystem
import SystemPackage

/// What this machine listens on right now, asked of the kernel.
enum LivePorts {
    /// Ports with the program that has them, where it may be asked (as root).
    static func read() -> [ListeningPort] {
        var ports: [ListeningPort] = []
        let programs = programsBySocket()
        for (file, isSix) in [("/proc/net/tcp", false), ("/proc/net/tcp6", true)] {
            guard let bytes = try? Files.read(FilePath(file), limit: 16 << 20) else { continue }
            for found in ProcNetReader.listening(bytes, isSix: isSix) {
                ports.append(
                    ListeningPort(
                        port: found.port,
                        address: found.address,
                        program: programs[found.inode] ?? "a program that only root may ask for",
                        evidence: String(file.dropFirst())
                    )
                )
            }
        }
        return ports
    }

    private static func programsBySocket() -> [UInt64: String] {
        var programs: [UInt64: String] = [:]
        for name in (try? Files.list("/proc")) ?? [] where UInt32(name) != nil {
            let process = FilePath("/proc").appending(name)
            guard let descriptors = try? Files.list(process.appending("fd")), !descriptors.isEmpty,
                let comm = try? Files.readText(process.appending("comm"), limit: 4096)
            else { continue }
            for descriptor in descriptors {
                guard let target = link(process.appending("fd").appending(descriptor)),
                    target.hasPrefix("socket:["),
                    let inode = UInt64(target.dropFirst(8).dropLast())
                else { continue }
                programs[inode] = comm.trimmedBlanks
            }
        }
        return programs
    }

    private static func link(_ path: FilePath) -> String? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let base = bytes.baseAddress else { return -1 }
            return readlink(path.string, base.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
