import KilnFleet
import KilnSystem
import SystemPackage

/// Lets only the newest holder of a fleet's lease act.
///
/// Calls of one holder run side by side under a shared lock. A newer token takes the lock alone, so it waits until
/// what an older holder has begun is over, and whatever that one begins afterwards is refused.
struct Fence: Sendable {
    let paths: FleetPaths

    private var file: FilePath { paths.fence }

    func pass<Result>(_ token: FencingToken, _ body: () async throws -> Result) async throws -> Result {
        try paths.home.makeRuntime()
        try Files.createDirectory(file.removingLastComponent(), mode: 0o700)
        while true {
            let done = try await FileLock.with(file, .shared) { () -> Result? in
                let seen = try highest()
                if let seen, token < seen { throw refused(token, seen) }
                guard seen == token else { return nil }
                return try await body()
            }
            if let done { return done }
            try await FileLock.with(file) { try raise(to: token) }
        }
    }

    /// Runs the body while nobody acts on the fleet; nil when somebody does.
    func passIdle<Result>(_ body: () async throws -> Result) async throws -> Result? {
        try paths.home.makeRuntime()
        try Files.createDirectory(file.removingLastComponent(), mode: 0o700)
        return try await FileLock.tryWith(file, .exclusive, body)
    }

    private func raise(to token: FencingToken) throws {
        if let seen = try highest(), token < seen { throw refused(token, seen) }
        // In place, since another file would have another lock, and over what is there, all of it: whoever is killed on the way leaves
        // one token or the other.
        let descriptor = try FileDescriptor.open(file, .writeOnly, options: .closeOnExec)
        defer { try? descriptor.close() }
        let digits = String(token.value)
        let line = digits + String(repeating: " ", count: max(0, 20 - digits.count)) + "\n"
        _ = try descriptor.writeAll(toAbsoluteOffset: 0, Array(line.utf8))
    }

    private func highest() throws -> FencingToken? {
        let text = try Files.readText(file)
        return Int64(text.prefix { $0.isNumber }).map { FencingToken($0) }
    }

    private func refused(_ token: FencingToken, _ seen: FencingToken) -> LocalPlatformError {
        LocalPlatformError(
            .fenced,
            "another command has taken this fleet over",
            causes: ["its lease is \(seen.value), this command's was \(token.value)"],
            hint: "nothing was changed by this step; look at kiln status"
        )
    }
}
