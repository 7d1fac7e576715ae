import Glibc

package struct HarnessFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Shell lines of the harness, in a folder.
package struct Shell: Sendable {
    private let folder: String

    package init(folder: String) {
        self.folder = folder
    }

    /// Starts the line; its output goes to the file.
    package func start(_ line: String, to file: String = "/dev/null") throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, file, flags, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        let line = ["/bin/sh", "-ec", "cd '\(folder)'; \(line)"]
        var words = line.map { word in strdup(word) } + [nil]
        defer { for word in words { free(word) } }
        var pid: Int32 = 0
        guard posix_spawn(&pid, "/bin/sh", &actions, nil, &words, environ) == 0 else {
            throw HarnessFailure("cannot start: \(line)")
        }
        return pid
    }

    /// Runs it to its end and gives what it said; throws when the status is another.
    @discardableResult
    package func run(_ line: String, expecting expected: Set<Int32> = [0]) throws -> String {
        let file = "\(folder)/said-\(getpid())-\(UInt32.random(in: 0 ..< .max))"
        defer { unlink(file) }
        let status = Self.wait(for: try start(line, to: file))
        let said = Text.read(file)
        guard expected.contains(status) else { throw HarnessFailure("status \(status): \(line)\n\(said)") }
        return said
    }

    /// Its exit status, or the negative signal that ended it.
    @discardableResult
    package static func wait(for process: Int32) -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
    }
}

enum Text {
    /// Nothing when it cannot be read.
    static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw HarnessFailure("cannot write \(path)") }
        defer { fclose(file) }
        fputs(text, file)
    }

    static func list(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The number after the first of a key in a JSON text.
    static func number(after key: String, in text: some StringProtocol) -> Int32? {
        guard let range = text.firstRange(of: "\"\(key)\":") else { return nil }
        return Int32(text[range.upperBound...].drop { $0 == " " }.prefix { $0.isNumber })
    }
}

/// Seconds on a clock that only runs forward.
package func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Chances that a seed gives again (SplitMix64).
package struct SeededDice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
