import Glibc

/// What one run of a command cost, its children included.
struct Cost {
    /// Seconds.
    let wall: Double
    /// User and system seconds (wait4(2)'s rusage).
    let cpu: Double
}

struct CommandFailure: Error, CustomStringConvertible {
    let description: String
}

/// A command of a benchmark: a shell line, run in a folder.
struct BenchmarkCommand {
    let line: String
    let folder: String

    /// Runs to the end with its output in `/dev/null`; throws when the status is not one of `expected`.
    @discardableResult
    func run(expecting expected: Set<Int32> = [0]) throws -> Cost {
        let start = Self.now()
        let pid = try spawn()
        var status: Int32 = 0
        var usage = rusage()
        guard wait4(pid, &status, 0, &usage) == pid else {
            throw CommandFailure(description: "wait4 failed: \(line)")
        }
        let exit = status & 0x7f == 0 ? (status >> 8) & 0xff : -1
        guard expected.contains(exit) else { throw CommandFailure(description: "status \(exit): \(line)") }
        return Cost(
            wall: Self.now() - start,
            cpu: Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
        )
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
