import FoundationEssentials
import GRDB

/// A row of the configuration store as it is kept.
struct ConfigRow: Sendable {
    let place: ConfigPlace
    let time: Int64
    let author: String
    let keyID: String?
    /// nil for a key that was taken away.
    let sealed: [UInt8]?

    var change: ConfigChange {
        ConfigChange(
            version: place.version,
            path: place.path,
            key: place.key,
            time: time,
            author: author,
            isRemoval: sealed == nil,
            isSecret: place.isSecret
        )
    }

    /// Oldest first.
    static func all(_ path: String, _ key: String?, _ database: Database) throws -> [ConfigRow] {
        try fetch("WHERE path = ?1 AND (?2 IS NULL OR key = ?2)", [path, key], database)
    }

    static func newest(_ path: String, _ key: String, _ database: Database) throws -> ConfigRow? {
        try all(path, key, database).last
    }

    /// The newest of each key, removed ones too, by path and key.
    static func current(_ path: String?, _ database: Database) throws -> [ConfigRow] {
        let rows = try fetch(
            """
            WHERE (?1 IS NULL OR path = ?1) AND version = (
                SELECT max(version) FROM config AS other WHERE other.path = config.path AND other.key = config.key
            )
            """,
            [path],
            database
        )
        return rows.sorted { ($0.place.path, $0.place.key) < ($1.place.path, $1.place.key) }
    }

    private static func fetch(
        _ filter: String,
        _ arguments: StatementArguments,
        _ database: Database
    ) throws -> [ConfigRow] {
        try Row.fetchAll(
            database,
            sql:
                "SELECT version, path, key, time, author, key_id, sealed, secret FROM config \(filter) ORDER BY version",
            arguments: arguments
        ).map { row in
            let sealed: Data? = row["sealed"]
            return ConfigRow(
                place: ConfigPlace(
                    version: row["version"],
                    path: row["path"],
                    key: row["key"],
                    isSecret: row["secret"]
                ),
                time: row["time"],
                author: row["author"],
                keyID: row["key_id"],
                sealed: sealed.map(Array.init)
            )
        }
    }
}
