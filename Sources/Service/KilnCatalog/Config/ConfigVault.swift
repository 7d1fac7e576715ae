import FoundationEssentials
import GRDB
package import KilnFleet
import KilnSystem
package import SystemPackage

/// One change of Kiln's own configuration store.
package struct ConfigChange: Sendable, Hashable, Codable {
    /// Of the whole store: 1, 2, 3, …
    package let version: Int64
    package let path: String
    package let key: String
    /// Seconds since 1970.
    package let time: Int64
    package let author: String
    /// The key was taken away.
    package let isRemoval: Bool
    /// Its value is for instances' memory alone: no release takes it, and it is shown to who asks for just that.
    package let isSecret: Bool
}

/// Kiln's own configuration store: numbered changes in the catalog, their values sealed with a key that lies elsewhere.
package struct ConfigVault: ConfigStore, SecretStore {
    /// Most bytes of one value.
    package static let valueLimit = 1 << 20

    private let catalog: Catalog
    private let keyFile: FilePath

    package init(_ catalog: Catalog, keyFile: FilePath) {
        self.catalog = catalog
        self.keyFile = keyFile
    }

    /// The change; what is there already changes nothing. The first one makes the key. `asSecret` marks the key as one, which
    /// it stays until it is taken away.
    package func set(
        _ value: [UInt8],
        at path: String,
        _ key: String,
        asSecret: Bool = false,
        author: String,
        time: Int64 = WallClock.now
    ) async throws -> ConfigChange {
        guard value.count <= Self.valueLimit else { throw ConfigError.tooLong(Self.valueLimit) }
        let keyFile = keyFile
        return try await catalog.write { database in
            let seal = try Self.sealing(keyFile, database)
            let last = try ConfigRow.newest(path, key, database)
            let isMarked = last.map { $0.sealed != nil && $0.place.isSecret } ?? false
            let isSecret = asSecret || isMarked
            if let last, let sealed = last.sealed, last.place.isSecret == isSecret,
                // One that does not open any more is another value: setting it again is the way out.
                (try? seal.open(sealed, at: last.place)) == value
            {
                return last.change
            }
            let place = ConfigPlace(
                version: try Self.nextVersion(database),
                path: path,
                key: key,
                isSecret: isSecret
            )
            return try Self.insert(place, try seal.seal(value, at: place), seal.id, author, time, database)
        }
    }

    /// Takes a key away; earlier versions stay.
    package func unset(
        _ path: String,
        _ key: String,
        author: String,
        time: Int64 = WallClock.now
    ) async throws -> ConfigChange {
        try await catalog.write { database in
            guard let last = try ConfigRow.newest(path, key, database), last.sealed != nil else {
                throw ConfigError.unknown(path, key)
            }
            let place = ConfigPlace(
                version: try Self.nextVersion(database),
                path: path,
                key: key,
                isSecret: last.place.isSecret
            )
            return try Self.insert(place, nil, nil, author, time, database)
        }
    }

    /// The newest value, or that of a version. One that was ever a secret, or whose key is one now, is given only to who says
    /// `revealing`.
    package func value(
        at path: String,
        _ key: String,
        version: Int64? = nil,
        revealing: Bool = false
    ) async throws -> [UInt8] {
        let keyFile = keyFile
        return try await catalog.read { database in
            let rows = try ConfigRow.all(path, key, database)
            let row = version.map { wanted in rows.first { $0.place.version == wanted } } ?? rows.last
            guard let row, let sealed = row.sealed else {
                throw ConfigError.unknown(path, key, version: version)
            }
            if !revealing, row.place.isSecret || rows.last?.place.isSecret == true {
                throw ConfigError.secret(path, key)
            }
            return try Self.opened(row, sealed, try Self.loaded(keyFile), keyFile)
        }
    }

    package func secret(at path: String, _ key: String, for name: String) async throws -> [UInt8] {
        let keyFile = keyFile
        return try await catalog.read { database in
            guard let row = try ConfigRow.newest(path, key, database), let sealed = row.sealed else {
                throw ConfigError.noSecret(path, key, for: name)
            }
            guard row.place.isSecret else { throw ConfigError.notSecret(path, key, for: name) }
            return try Self.opened(row, sealed, try Self.loaded(keyFile), keyFile)
        }
    }

    /// What is set now, by path and key; below one path when that is given.
    package func entries(at path: String? = nil) async throws -> [ConfigChange] {
        try await catalog.read { database in
            try ConfigRow.current(path, database).filter { $0.sealed != nil }.map(\.change)
        }
    }

    /// All changes, oldest first.
    package func history(of path: String, _ key: String? = nil) async throws -> [ConfigChange] {
        let changes = try await catalog.read { try ConfigRow.all(path, key, $0).map(\.change) }
        guard !changes.isEmpty else { throw ConfigError.unknown(path, key) }
        return changes
    }

    package func snapshot(of path: String) async throws -> ConfigSnapshot {
        let keyFile = keyFile
        return try await catalog.read { database in
            let rows = try ConfigRow.current(path, database)
            guard let version = rows.map(\.place.version).max() else {
                throw ConfigError.unknown(path, nil)
            }
            let secrets = rows.filter { $0.sealed != nil && $0.place.isSecret }.map(\.place.key)
            let plain = rows.filter { $0.sealed != nil && !$0.place.isSecret }
            let key = plain.isEmpty ? nil : try Self.loaded(keyFile)
            var values: [String: [UInt8]] = [:]
            for row in plain {
                guard let sealed = row.sealed, let key else { continue }
                values[row.place.key] = try Self.opened(row, sealed, key, keyFile)
            }
            return ConfigSnapshot(values: values, version: version, secrets: Set(secrets))
        }
    }

    /// A key is made only while nothing that is set is sealed: another one would leave that unreadable. Of what was replaced or
    /// taken away only the past values are lost with their key.
    private static func sealing(_ file: FilePath, _ database: Database) throws -> ConfigKey {
        let used = try String.fetchOne(
            database,
            sql: """
                SELECT key_id FROM config WHERE key_id IS NOT NULL AND version = (
                    SELECT max(version) FROM config AS other WHERE other.path = config.path AND other.key = config.key
                ) ORDER BY version DESC LIMIT 1
                """
        )
        guard let used else { return try ConfigKey.load(file) ?? ConfigKey.make(file) }
        let key = try loaded(file)
        guard key.id == used else { throw ConfigError.wrongKey(file, has: key.id, wanted: used) }
        return key
    }

    private static func loaded(_ file: FilePath) throws -> ConfigKey {
        guard let key = try ConfigKey.load(file) else { throw ConfigError.lostKey(file) }
        return key
    }

    private static func opened(
        _ row: ConfigRow,
        _ sealed: [UInt8],
        _ key: ConfigKey,
        _ file: FilePath
    ) throws -> [UInt8] {
        if let wanted = row.keyID, wanted != key.id {
            throw ConfigError.wrongKey(file, has: key.id, wanted: wanted)
        }
        return try key.open(sealed, at: row.place)
    }

    private static func nextVersion(_ database: Database) throws -> Int64 {
        let last = try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'config'")
        return (last ?? 0) + 1
    }

    private static func insert(
        _ place: ConfigPlace,
        _ sealed: [UInt8]?,
        _ keyID: String?,
        _ author: String,
        _ time: Int64,
        _ database: Database
    ) throws -> ConfigChange {
        try database.execute(
            sql: """
                INSERT INTO config (version, path, key, time, author, key_id, sealed, secret)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                place.version, place.path, place.key, time, author, keyID, sealed.map { Data($0) },
                place.isSecret,
            ]
        )
        return ConfigChange(
            version: place.version,
            path: place.path,
            key: place.key,
            time: time,
            author: author,
            isRemoval: sealed == nil,
            isSecret: place.isSecret
        )
    }
}
