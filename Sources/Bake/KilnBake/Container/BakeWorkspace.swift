import Glibc
import KilnArchive
package import KilnSystem
import SystemPackage

/// A bake's scratch folder. It is locked while its process lives; what a killed bake left (folders, mounts,
/// containers) is cleared by the next one.
package struct BakeWorkspace: Sendable {
    let path: FilePath
    private let home: KilnHome

    private static let prefix = "bake-"
    private static let owner = "owner"

    static func with<Result>(
        _ home: KilnHome,
        _ body: (BakeWorkspace) async throws -> Result
    ) async throws -> Result {
        try Files.createDirectory(home.scratch)
        try ExtendedAttributes.dropDefaultAccess(of: home.scratch)
        let (workspace, lock) = try await FileLock.with(gate(home)) {
            clearDead(home)
            return try create(home)
        }
        defer {
            workspace.clear()
            close(lock)
        }
        return try await body(workspace)
    }

    /// Ends what killed bakes left running, and clears what they left lying. Living bakes are not touched, and may
    /// begin meanwhile.
    package static func clearLeftovers(of home: KilnHome) async throws {
        guard Files.exists(home.scratch) else { return }
        try await FileLock.with(gate(home)) { clearDead(home) }
    }

    /// Behind it no other bake looks: a folder whose owner file nobody has locked is a dead one's.
    private static func gate(_ home: KilnHome) -> FilePath { home.scratch.appending(".bake.lock") }

    /// An empty folder for one run. Its name is unique on the machine: it names the container too.
    func makeFolder() throws -> FilePath {
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        let folder = path.appending("kiln-bake-\(home.identifier)-\(random)")
        try Files.createDirectory(folder, mode: 0o700)
        return folder
    }

    /// A home for a bake that must not know of earlier ones: nothing is in it but the packages, which stay where they are,
    /// and the logs, which are told of when it is gone.
    func makeHome() throws -> KilnHome {
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        let folder = path.appending(Self.homePrefix + random)
        try Files.createDirectory(folder, mode: 0o700)
        try home.makePrivate(home.packages)
        try home.makePrivate(home.bakeLogs)
        let made = KilnHome(root: folder)
        try Files.createDirectory(made.bakeLogs.removingLastComponent())
        for (source, link) in [(home.packages, made.packages), (home.bakeLogs, made.bakeLogs)] {
            guard symlink(source.string, link.string) == 0 else { throw SystemError.last("link \(link)") }
        }
        return made
    }

    private static let homePrefix = "home-"

    private static func create(_ home: KilnHome) throws -> (BakeWorkspace, lock: Int32) {
        let random = String(UInt32.random(in: .min ... .max), radix: 36)
        let path = home.scratch.appending("\(prefix)\(getpid())-\(random)")
        try Files.createDirectory(path, mode: 0o700)
        let lock = open(path.appending(owner).string, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw SystemError.last("lock \(path)")
        }
        return (BakeWorkspace(path: path, home: home), lock)
    }

    private static func clearDead(_ home: KilnHome) {
        for name in (try? Files.list(home.scratch)) ?? [] where name.hasPrefix(prefix) {
            let path = home.scratch.appending(name)
            let lock = open(path.appending(owner).string, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard lock >= 0 else { continue }
            defer { close(lock) }
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { BakeWorkspace(path: path, home: home).clear() }
        }
    }

    /// A home that was made for one bake, with all that goes on in it.
    private static func clear(_ home: KilnHome) {
        for name in (try? Files.list(home.scratch)) ?? [] where name.hasPrefix(prefix) {
            BakeWorkspace(path: home.scratch.appending(name), home: home).clear()
        }
        rmdir(home.runtime.string)
    }

    private func clear() {
        for name in (try? Files.list(path)) ?? [] where Files.facts(path.appending(name))?.kind == .directory
        {
            if name.hasPrefix(Self.homePrefix) {
                Self.clear(KilnHome(root: path.appending(name)))
            } else {
                ContainerRemains(home: home, id: name).clear()
            }
        }
        try? Mounts.unmountAll(under: path)
        try? Files.remove(path, unlocking: true)
    }
}
