import Glibc
import KilnSystem
import SystemPackage

/// An instance's output on disk: two files of at most 8 MiB, the newest lines in `log`.
///
/// The supervisor begins `log` anew when it is full and would forget the full one. While a command of Kiln is around, a
/// second name keeps it: the file in use also is `log.previous` from the moment it is half full. Without one around the
/// bound still holds, and the newest lines are kept.
struct InstanceLog: Sendable {
    let paths: InstancePaths

    /// Keeps the file in use from being forgotten.
    func tend() {
        guard let current = Files.facts(paths.log), current.size > ContainerCommands.logLimit / 2,
            Files.facts(paths.previousLog)?.inode != current.inode
        else { return }
        let name = paths.directory.appending(".log.\(getpid())")
        unlink(name.string)
        // The supervisor may have begun a new file just now: then the old one is lost, and this one must not count as it.
        if link(paths.log.string, name.string) == 0, Files.facts(name)?.inode == current.inode {
            rename(name.string, paths.previousLog.string)
        }
        unlink(name.string)
    }

    /// The newest records, oldest first.
    func last(_ count: Int) -> [LogRecord] {
        var tail = LogTail(paths)
        return last(count, reading: &tail)
    }

    /// The same, leaving the tail where these end.
    func last(_ count: Int, reading tail: inout LogTail) -> [LogRecord] {
        var records: [LogRecord] = []
        if let previous = Files.facts(paths.previousLog), previous.inode != tail.inode {
            var parser = LogParser(instance: paths.id)
            records = parser.feed((try? Files.read(paths.previousLog)) ?? []).suffix(count)
        }
        var isEnd = false
        while !isEnd {
            let piece = tail.read()
            records = (records + piece.records).suffix(count)
            isEnd = piece.isEnd
        }
        return records
    }
}
