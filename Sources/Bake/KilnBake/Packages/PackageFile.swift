import Glibc
import KilnArchive
import KilnSystem
import SystemPackage

/// A `.deb` file (deb(5)). Its two archives are read in process where their compression is one that Kiln decodes;
/// `dpkg-deb` takes the others out, and says what is wrong with what is no package.
struct PackageFile: Sendable {
    enum Part: String, Sendable {
        case control = "--ctrl-tarfile"
        case files = "--fsys-tarfile"

        /// Of the member in the package.
        fileprivate var names: [String] {
            let name = self == .control ? "control.tar" : "data.tar"
            return ["", ".gz", ".xz", ".zst"].map { name + $0 }
        }
    }

    let path: FilePath
    let tools: ToolRunner

    /// Reads one of the archives; the body runs on a thread that may block.
    func read<Result: Sendable>(
        _ part: Part,
        _ body: @escaping @Sendable (inout TarReader) throws -> Result
    ) async throws -> Result {
        guard let archive = try ArArchive(path), archive.members.first?.name == "debian-binary",
            let member = archive.members.first(where: { part.names.contains($0.name) })
        else { return try await readFromTool(part, body) }
        do {
            return try await Blocking.run {
                var reader = TarReader(try Decompressor(archive.source(of: member)))
                let result = try body(&reader)
                _ = try reader.finish()
                return result
            }
        } catch let error as ArchiveError {
            throw BakeError.badPackage(path.lastComponent?.string ?? "", error)
        }
    }

    /// As it comes out of `dpkg-deb`.
    private func readFromTool<Result: Sendable>(
        _ part: Part,
        _ body: @escaping @Sendable (inout TarReader) throws -> Result
    ) async throws -> Result {
        var ends: [Int32] = [0, 0]
        // A pair of sockets and no pipe: closed in other children from the first moment on.
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw SystemError.last("make a pair of sockets")
        }
        let source = SocketSource(ends[0])
        let invocation = ToolInvocation("dpkg-deb", [part.rawValue, path.string])
        async let tool: Void = tools.run(invocation, writingTo: FileDescriptor(rawValue: ends[1]))
        let result: Result
        do {
            result = try await Blocking.run {
                // Closed at the end, so that a tool whose output nobody wants any more ends too.
                defer { source.close() }
                var reader = TarReader(source)
                let result = try body(&reader)
                _ = try reader.finish()
                return result
            }
        } catch let error as ArchiveError {
            // What the tool complains of says more than that its output ends early. Of any other fault it can only say
            // that nobody listens any more.
            if error.reason == .truncated { try await tool }
            throw BakeError.badPackage(path.lastComponent?.string ?? "", error)
        }
        try await tool
        return result
    }
}

/// The end of a pair of sockets that is read.
private struct SocketSource: ByteSource, Sendable {
    private let descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw ArchiveError(.system(.last("read a package"))) }
        }
    }

    func close() {
        Glibc.close(descriptor)
    }
}

extension TarReader {
    /// The current entry's content as a whole.
    mutating func content(limit: Int) throws -> [UInt8] {
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try piece.withUnsafeMutableBytes { try read(into: $0) }
            if count == 0 { return content }
            content += piece[..<count]
            guard content.count <= limit else { throw ArchiveError(.limit(.totalSize)) }
        }
    }
}
