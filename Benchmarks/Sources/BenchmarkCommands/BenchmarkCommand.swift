import Dispatch
import Glibc
import Synchronization

/// What one run of a command cost, its children included.
package struct Cost: Sendable {
    /// Seconds.
    package let wall: Double
    /// User and system seconds (wait4(2)'s rusage).
    package let cpu: Double
    /// MiB: the largest resident size of any process of the command (wait4(2)'s ru_maxrss).
    package let largestPeak: Double
    /// MiB: that of the started process alone; nil where nobody looked.
    package let ownPeak: Double?
}

package struct CommandFailure: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// A command of a benchmark: a shell line, run in a folder.
package struct BenchmarkCommand: Sendable {
    let line: String
    let folder: String

    package init(line: String, folder: String) {
        self.line = line
        self.folder = folder
    }

    /// Runs to the end with its output in `/dev/null`; throws when the status is not one of `expected`. To watch its memory takes
    /// some 4 % of a core meanwhile: nothing to do while others are timed.
    @discardableResult
    package func run(expecting expected: Set<Int32> = [0], watchingMemory: Bool = true) throws -> Cost {
        let start = Self.now()
        let pid = try spawn()
        let watch = watchingMemory ? MemoryWatch(of: pid) : nil
        var status: Int32 = 0
        var usage = rusage()
        guard wait4(pid, &status, 0, &usage) == pid else {
            throw CommandFailure(description: "wait4 failed: \(line)")
        }
        let end = Self.now()
        let own = watch?.end()
        let exit = status & 0x7f == 0 ? (status >> 8) & 0xff : -1
        guard expected.contains(exit) else { throw CommandFailure(description: "status \(exit): \(line)") }
        return Cost(
            wall: end - start,
            cpu: Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime),
            largestPeak: Double(usage.ru_maxrss) / 1024,
            ownPeak: own.map { Double($0) / 1024 }
        )
    }

    /// Runs to the end and gives the front of what it wrote to standard output.
    package func output(limit: Int = 1 << 20) throws -> String {
        let file = "/tmp/kiln-benchmarks-output-\(getpid())"
        defer { unlink(file) }
        try BenchmarkCommand(line: "{ \(line)\n} > '\(file)'", folder: folder).run()
        return readFile(file, limit: limit)
    }

    private func spawn() throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        if getenv("KILN_BENCHMARK_VERBOSE") == nil {
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        }
        let words = ["/bin/sh", "-ec", "cd '\(folder)'; \(line)"]
        var arguments = words.map { word in strdup(word) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        let result = posix_spawn(&pid, "/bin/sh", &actions, nil, &arguments, environ)
        guard result == 0 else { throw CommandFailure(description: "cannot start: \(line)") }
        return pid
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }
}

/// The largest resident size of one process and not of its children, looked at every few milliseconds while it runs
/// (proc_pid_status(5): VmHWM, a maximum itself). What grows in the last moment is missed.
final class MemoryWatch: Sendable {
    private let isOver = Atomic(false)
    /// KiB.
    private let peak = Atomic(0)
    private let looking = DispatchGroup()

    init(of pid: pid_t) {
        DispatchQueue.global().async(group: looking) { [self] in
            while !isOver.load(ordering: .relaxed) {
                let status = readFile("/proc/\(pid)/status", limit: 4096)
                let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
                let words = line?.split { $0 == " " || $0 == "\t" } ?? []
                // Not the maximum of what was seen: until the shell becomes the command it is the shell's.
                if words.count > 1, let size = Int(words[1]) { peak.store(size, ordering: .relaxed) }
                usleep(3000)
            }
        }
    }

    func end() -> Int {
        isOver.store(true, ordering: .relaxed)
        looking.wait()
        return peak.load(ordering: .relaxed)
    }
}

/// The front of a file; nothing when it can't be read.
func readFile(_ path: String, limit: Int) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: limit)
    var count = 0
    while count < limit {
        let got = bytes.withUnsafeMutableBytes {
            read(descriptor, $0.baseAddress.map { $0 + count }, limit - count)
        }
        guard got > 0 else { break }
        count += got
    }
    return String(decoding: bytes[..<count], as: UTF8.self)
}
