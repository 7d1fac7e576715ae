import Glibc
package import KilnDiagnostics
package import SystemPackage

/// A directory that lives as long as a piece of work.
package enum TemporaryDirectory {
    /// Creates `<parent>/<prefix>XXXXXX` for the body and removes it afterwards, on success, error and cancellation.
    package static func with<Result>(
        in parent: FilePath,
        prefix: String,
        _ body: (FilePath) async throws -> Result
    ) async throws -> Result {
        try Files.createDirectory(parent)
        let path = try make(in: parent, prefix: prefix)
        let result: Result
        do {
            result = try await body(path)
        } catch {
            try? Files.remove(path)
            throw error
        }
        try Files.remove(path)
        return result
    }

    private static func make(in parent: FilePath, prefix: String) throws -> FilePath {
        var template = Array(parent.appending(prefix + "XXXXXX").string.utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let base = buffer.baseAddress, mkdtemp(base) != nil else { return nil }
            return String(cString: base)
        }
        guard let made else { throw SystemError.last("create a temporary directory in \(parent)") }
        return FilePath(made)
    }
}

/// An advisory lock on a file (flock(2)); the kernel drops it when its holder dies.
package enum FileLock {
    package enum Mode: Sendable {
        case shared
        case exclusive
    }

    /// Runs the body while holding the lock; `onWait` is called once when another process has it. Throws `LockWaitError` when
    /// it is not free within `limit`, and `CancellationError` once `isStopped` says so while it waits.
    package static func with<Result>(
        _ path: FilePath,
        _ mode: Mode = .exclusive,
        within limit: Duration? = nil,
        isStopped: () -> Bool = { false },
        onWait: () -> Void = {},
        _ body: () async throws -> Result
    ) async throws -> Result {
        let descriptor = open(path.string, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError.last("open \(path)") }
        defer { close(descriptor) }
        let operation = mode == .exclusive ? LOCK_EX : LOCK_SH
        let start = BootInstant.now
        var told = false
        var pause = Duration.milliseconds(1)
        while flock(descriptor, operation | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemError.last("lock \(path)") }
            if !told { onWait() }
            told = true
            if isStopped() { throw CancellationError() }
            if let limit, start.duration(to: .now) >= limit { throw LockWaitError(path: path, limit: limit) }
            try await Task.sleep(for: pause)
            // Most hold it for a moment; nobody is asked often about one who keeps it.
            pause = min(pause * 2, .milliseconds(50))
        }
        return try await body()
    }

    /// The same if nobody has the lock; nil, without the body having run, if somebody has.
    package static func tryWith<Result>(
        _ path: FilePath,
        _ mode: Mode = .exclusive,
        _ body: () async throws -> Result
    ) async throws -> Result? {
        let descriptor = open(path.string, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError.last("open \(path)") }
        defer { close(descriptor) }
        guard flock(descriptor, (mode == .exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw SystemError.last("lock \(path)") }
            return nil
        }
        return try await body()
    }

    /// Whether somebody holds the lock right now, in whatever mode. A file that is not there is not locked.
    package static func isHeld(_ path: FilePath) -> Bool {
        let descriptor = open(path.string, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
}

/// Somebody kept a lock for longer than one was willing to wait.
package struct LockWaitError: DiagnosticError, Hashable {
    package let path: FilePath
    package let limit: Duration

    package var diagnostics: [Diagnostic] {
        [
            Diagnostic(
                code: "system.lock",
                "another kiln has kept \(path) for itself for \(Int(limit.inSeconds)) s",
                hint: "run the command again once that one has ended, or let it wait longer (--wait)"
            )
        ]
    }
}
