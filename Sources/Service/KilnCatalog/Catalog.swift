import GRDB
import Glibc
import KilnDefinition
import KilnFleet
import KilnOCI
import KilnSystem
package import SystemPackage

/// Fleets, releases, rollouts, instances, leases and events in one SQLite file that several processes share.
///
/// Written ahead (WAL) and synced at every commit: what was committed survives a power loss. Rollouts commit some tens
/// of times, so the price is small, and a release number or a quarantine that was told is never forgotten.
package struct Catalog: Sendable {
    /// Events kept of each fleet.
    package static let defaultEventLimit = 10_000

    let path: FilePath
    let eventLimit: Int
    private let queue: DatabaseQueue
    /// Its own: nobody else's slow call holds up a read, and a wait for another process's write holds up nobody else.
    private let thread = ThreadPool(limit: 1)
    private let bell = CatalogBell()
    let leaseBell: LeaseBell

    /// Opens the file, making it and the folder above it where they are missing. It holds releases' configuration files,
    /// so it is its owner's alone.
    ///
    /// One that `hearsOthers` hears at once what other processes say of leases.
    package init(
        path: FilePath,
        busyTimeout: Duration = .seconds(10),
        eventLimit: Int = defaultEventLimit,
        hearsOthers: Bool = false
    ) throws {
        leaseBell = LeaseBell(path, hearsOthers: hearsOthers)
        self.eventLimit = eventLimit
        self.path = path
        try Files.createDirectory(path.removingLastComponent(), mode: 0o755)
        Self.createPrivately(path)
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeout.inSeconds)
        configuration.label = "kiln.catalog"
        configuration.prepareDatabase { database in
            // Before anything that writes: another program's file is left as it is.
            _ = try Schema.version(of: database, at: path)
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        queue = try Self.translating(path) {
            let queue = try DatabaseQueue(path: path.string, configuration: configuration)
            try Schema.migrate(queue, at: path)
            return queue
        }
        try Self.makePrivate(path)
    }

    /// SQLite gives its other files the mode of this one. Where it cannot be made, SQLite says why.
    private static func createPrivately(_ path: FilePath) {
        let options: FileDescriptor.OpenOptions = [.create, .exclusiveCreate]
        try? FileDescriptor.open(path, .writeOnly, options: options, permissions: .ownerReadWrite).close()
    }

    private static func makePrivate(_ path: FilePath) throws {
        for path in [path.string, "\(path)-wal", "\(path)-shm"] {
            guard let facts = Files.facts(FilePath(path)), facts.mode & 0o077 != 0 else { continue }
            guard chmod(path, 0o600) == 0 else { throw SystemError.last("set the mode of \(path)") }
        }
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        let (queue, path) = (queue, path)
        return try await Blocking.run(on: thread) { try Self.translating(path) { try queue.read(body) } }
    }

    /// One transaction, all or nothing, not cut off by a task's cancellation.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        let (queue, path) = (queue, path)
        defer { bell.ring() }
        return try await Blocking.run(on: thread) { try Self.translating(path) { try queue.write(body) } }
    }

    /// Says that something may have been written since it said so last: at once where this catalog's user wrote it, and when
    /// that user next asks for the revision where another process did.
    package func changes() -> AsyncStream<Void> { bell.listen() }

    func tell(_ revision: StoreRevision) {
        bell.note(revision)
    }

    /// Copies all of it as it is at one moment into a file that does not exist yet, without leases: whoever holds one here holds
    /// nothing there.
    func copy(to target: FilePath) async throws {
        let (queue, path) = (queue, path)
        try await Blocking.run(on: thread) {
            try Self.translating(path) {
                try queue.inDatabase { database in
                    try database.execute(sql: "VACUUM INTO ?", arguments: [target.string])
                }
            }
            try Self.translating(target) {
                let copy = try DatabaseQueue(path: target.string)
                try copy.write { try $0.execute(sql: "UPDATE lease SET lease = NULL") }
                try copy.close()
            }
        }
    }

    /// Puts all of another such file in the place of what is here, in one transaction: whoever has the catalog open goes on with
    /// what is there then, and not with a file that nobody sees any more.
    func replace(by source: FilePath) async throws {
        let (queue, path) = (queue, path)
        try await Blocking.run(on: thread) {
            try Self.translating(path) {
                let other = try DatabaseQueue(path: source.string)
                try other.backup(to: queue)
                try other.close()
            }
        }
    }

    /// Makes every lease that is granted from now on newer than those of whoever went on with the same fleets meanwhile. For a
    /// file that nobody else has open.
    static func raiseTokens(in path: FilePath, by step: Int64) async throws {
        try await Blocking.wait {
            try translating(path) {
                let queue = try DatabaseQueue(path: path.string)
                // All of it is in the one file afterwards.
                try queue.writeWithoutTransaction { database in
                    try database.execute(sql: "PRAGMA journal_mode = DELETE")
                    try database.execute(sql: "UPDATE lease SET token = token + ?", arguments: [step])
                }
                try queue.close()
            }
        }
    }

    /// Throws when SQLite finds the file damaged.
    func checkWhole() async throws {
        let found = try await read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
        guard found == ["ok"] else { throw CatalogError.damaged(path, found) }
    }

    private static func translating<Result>(_ path: FilePath, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw CatalogError(path, error)
        }
    }

    /// A value from a JSON column.
    func decode<Value: Decodable>(_ type: Value.Type, _ text: String, _ what: String) throws -> Value {
        do {
            return try CanonicalJSON.decode(type, from: Array(text.utf8))
        } catch {
            throw CatalogError.undecodable(path, what, error)
        }
    }

    static func encode(_ value: some Encodable) throws -> String {
        String(decoding: try CanonicalJSON.encode(value), as: UTF8.self)
    }
}
