import GRDB
import SystemPackage

/// The tables, and how an older file becomes a newer one. A step, once released, is never edited.
enum Schema {
    /// `PRAGMA application_id`: "Kiln".
    static let applicationID: Int32 = 0x4B69_6C6E

    /// Step n makes version n of what version n-1 left. `PRAGMA user_version` holds the version.
    static let steps: [String] = [
        """
        CREATE TABLE fleet (
            name TEXT PRIMARY KEY NOT NULL,
            record TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE release (
            fleet TEXT NOT NULL,
            number INTEGER NOT NULL,
            digest TEXT NOT NULL,
            content TEXT NOT NULL,
            created INTEGER NOT NULL,
            stable INTEGER,
            quarantined INTEGER,
            quarantine_reason TEXT,
            PRIMARY KEY (fleet, number),
            UNIQUE (fleet, digest)
        ) WITHOUT ROWID;
        CREATE TABLE rollout (
            fleet TEXT NOT NULL,
            number INTEGER NOT NULL,
            record TEXT NOT NULL,
            PRIMARY KEY (fleet, number)
        ) WITHOUT ROWID;
        CREATE TABLE instance (
            fleet TEXT NOT NULL,
            id TEXT NOT NULL,
            slot INTEGER NOT NULL,
            record TEXT NOT NULL,
            PRIMARY KEY (fleet, id)
        ) WITHOUT ROWID;
        CREATE TABLE event (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,
            fleet TEXT NOT NULL,
            kind TEXT NOT NULL,
            message TEXT NOT NULL,
            instance TEXT,
            release INTEGER
        );
        CREATE INDEX event_fleet ON event (fleet, sequence);
        CREATE TABLE lease (
            fleet TEXT PRIMARY KEY NOT NULL,
            token INTEGER NOT NULL,
            lease TEXT
        ) WITHOUT ROWID;
        """,
        // What lists show has columns of its own, before the content, which is large: a row is read up to what is asked.
        """
        CREATE TABLE release_2 (
            fleet TEXT NOT NULL,
            number INTEGER NOT NULL,
            digest TEXT NOT NULL,
            image TEXT NOT NULL,
            image_name TEXT NOT NULL,
            image_version TEXT,
            created INTEGER NOT NULL,
            stable INTEGER,
            quarantined INTEGER,
            quarantine_reason TEXT,
            content TEXT NOT NULL,
            PRIMARY KEY (fleet, number),
            UNIQUE (fleet, digest)
        ) WITHOUT ROWID;
        INSERT INTO release_2
            SELECT fleet, number, digest, json_extract(content, '$.image'), json_extract(content, '$.imageName'),
                json_extract(content, '$.imageVersion'), created, stable, quarantined, quarantine_reason, content
            FROM release;
        DROP TABLE release;
        ALTER TABLE release_2 RENAME TO release;
        """,
        // Beside the release's row: a column behind the content would be read through all of it.
        """
        CREATE TABLE preparation (
            fleet TEXT NOT NULL,
            number INTEGER NOT NULL,
            record TEXT NOT NULL,
            PRIMARY KEY (fleet, number)
        ) WITHOUT ROWID;
        """,
        // Values of the configuration store are sealed; NULL is a key that was taken away. Nothing is ever changed in it.
        """
        CREATE TABLE release_origin (
            fleet TEXT NOT NULL,
            number INTEGER NOT NULL,
            record TEXT NOT NULL,
            PRIMARY KEY (fleet, number)
        ) WITHOUT ROWID;
        CREATE TABLE config (
            version INTEGER PRIMARY KEY AUTOINCREMENT,
            path TEXT NOT NULL,
            key TEXT NOT NULL,
            time INTEGER NOT NULL,
            author TEXT NOT NULL,
            key_id TEXT,
            sealed BLOB
        );
        CREATE INDEX config_key ON config (path, key, version);
        """,
        // What led to an event, who asked for it, and what they said.
        """
        ALTER TABLE event ADD COLUMN cause INTEGER;
        ALTER TABLE event ADD COLUMN author TEXT;
        ALTER TABLE event ADD COLUMN why TEXT;
        """,
        // What each webhook has got, the newest event of it.
        """
        CREATE TABLE webhook (
            fleet TEXT NOT NULL,
            hook TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            PRIMARY KEY (fleet, hook)
        ) WITHOUT ROWID;
        """,
        // Values of the configuration store that are for instances alone.
        """
        ALTER TABLE config ADD COLUMN secret INTEGER NOT NULL DEFAULT 0;
        """,
        // What was seen of images' packages when their archives were last asked.
        """
        CREATE TABLE patch_state (
            image TEXT PRIMARY KEY NOT NULL,
            record TEXT NOT NULL
        ) WITHOUT ROWID;
        """,
        // When it was, in milliseconds.
        """
        ALTER TABLE event ADD COLUMN moment INTEGER;
        """,
        // What the gate of a release found when the release was made, by the digest of its content.
        """
        CREATE TABLE gate_verdict (
            fleet TEXT NOT NULL,
            digest TEXT NOT NULL,
            record TEXT NOT NULL,
            PRIMARY KEY (fleet, digest)
        ) WITHOUT ROWID;
        """,
    ]

    /// Brings the file to the newest version; a current one costs one read.
    static func migrate(_ queue: DatabaseQueue, at path: FilePath) throws {
        let found = try queue.read { try version(of: $0, at: path) }
        guard found < steps.count else { return }
        try queue.write { database in
            // Another process may have been quicker.
            let found = try version(of: database, at: path)
            for step in steps.dropFirst(found) { try database.execute(sql: step) }
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: "PRAGMA user_version = \(steps.count)")
        }
    }

    /// The file's version; refuses another program's file, and one of a newer Kiln.
    static func version(of database: Database, at path: FilePath) throws -> Int {
        // One statement, so one moment: somebody may be making the tables right now.
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema)
                FROM pragma_user_version, pragma_application_id
                """
        )
        let (version, application, tables): (Int, Int32, Int) = row.map { ($0[0], $0[1], $0[2]) } ?? (0, 0, 0)
        guard application == applicationID || (application == 0 && version == 0 && tables == 0) else {
            throw CatalogError.foreign(path)
        }
        guard version <= steps.count else {
            throw CatalogError.newer(path, version: version, known: steps.count)
        }
        return version
    }
}
