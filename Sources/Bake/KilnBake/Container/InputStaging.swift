import Glibc
import KilnOCI
import KilnSystem
import SystemPackage

/// Copies inputs to where a container sees them, so that it gets just what was digested: no times, owners or modes
/// of the machine, and no later change of the source.
struct InputStaging: Sendable {
    let epoch: Int64

    /// Puts the input at a path below the folder. `fileMode` is for a file; nil takes 0644, or 0755 where the source is
    /// executable.
    func copy(
        _ input: InputTree,
        to path: FilePath,
        in folder: StagingFolder,
        fileMode: UInt16? = nil
    ) async throws {
        for entry in input.entries {
            try Task.checkCancellation()
            let target = entry.path.isEmpty ? path : path.pushing(FilePath(entry.path))
            switch entry.content {
            case .directory: try folder.makeDirectory(target)
            case .symlink(let link): try folder.makeLink(target, to: link)
            case .file(let digest, _, let isExecutable):
                let mode = fileMode ?? (isExecutable ? 0o755 : 0o644)
                let source = input.location(of: entry)
                guard try Self.copy(source, to: target, in: folder, mode: mode) == digest else {
                    throw BakeError.inputChanged(source)
                }
            }
        }
        try settle(folder.location(path))
    }

    /// Gives everything below the path, and the path, the epoch's time and plain modes.
    func settle(_ path: FilePath) throws {
        guard let facts = Files.facts(path) else { return }
        if facts.kind == .directory {
            for name in try Files.list(path) { try settle(path.appending(name)) }
            guard chmod(path.string, 0o755) == 0 else { throw SystemError.last("change the mode of \(path)") }
        }
        let time = timespec(tv_sec: Int(epoch), tv_nsec: 0)
        guard utimensat(AT_FDCWD, path.string, [time, time], AT_SYMLINK_NOFOLLOW) == 0 else {
            throw SystemError.last("set the time of \(path)")
        }
    }

    private static func copy(
        _ source: FilePath,
        to target: FilePath,
        in folder: StagingFolder,
        mode: UInt16
    ) throws -> Digest {
        let input = open(source.string, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw SystemError.last("open \(source)") }
        defer { close(input) }
        let output = try folder.makeFile(target, mode: mode)
        defer { close(output) }
        var hasher = ContentHasher()
        var chunk = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(input, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw SystemError.last("read \(source)") }
            if count == 0 { break }
            try chunk.withUnsafeBytes { bytes in
                let piece = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                hasher.update(piece)
                _ = try FileDescriptor(rawValue: output).writeAll(piece)
            }
        }
        guard fchmod(output, mode_t(mode)) == 0 else {
            throw SystemError.last("change the mode of \(folder.location(target))")
        }
        return hasher.finish()
    }
}
