import Glibc
import KilnSystem
import SystemPackage

/// Reads what is added to a log, over the supervisor's change to a new file.
struct LogTail: ~Copyable {
    /// Most bytes of one look, so that one loud instance does not keep the others waiting.
    private static let pieceLimit = 256 << 10

    private let path: FilePath
    private var descriptor: Int32 = -1
    private(set) var inode: UInt64 = 0
    private var parser: LogParser

    /// Begins at the beginning of the file in use.
    init(_ paths: InstancePaths) {
        path = paths.log
        parser = LogParser(instance: paths.id)
        open()
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// What has come since the last look; `isEnd` when there was nothing more.
    mutating func read() -> (records: [LogRecord], isEnd: Bool) {
        // The name first: what was written until it changed stands in the file that is open.
        let current = Files.facts(path)?.inode
        var (records, isEnd) = readOpen()
        if isEnd, let current, current != inode {
            open()
            let fresh = readOpen()
            records += fresh.records
            isEnd = fresh.isEnd
        }
        return (records, isEnd)
    }

    private mutating func readOpen() -> (records: [LogRecord], isEnd: Bool) {
        guard descriptor >= 0 else { return ([], true) }
        var records: [LogRecord] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var total = 0
        while total < Self.pieceLimit {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return (records, true) }
            total += count
            records += parser.feed(chunk[..<count])
        }
        return (records, false)
    }

    private mutating func open() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = Glibc.open(path.string, O_RDONLY | O_CLOEXEC)
        // Of what was opened: the name may stand for a newer file by now.
        var facts = stat()
        inode = fstat(descriptor, &facts) == 0 ? UInt64(facts.st_ino) : 0
        parser.startFile()
    }
}
