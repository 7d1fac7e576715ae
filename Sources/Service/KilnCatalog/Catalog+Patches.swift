import GRDB
package import KilnFleet
package import KilnOCI

extension Catalog {
    /// What was seen of an image's packages last; nil when nobody ever asked.
    package func patchState(of image: Digest) async throws -> PatchState? {
        try await read { try patchState(of: image, $0) }
    }

    /// Keeps what was seen, after what was seen of the same image before. Of images that no release has any more nothing is
    /// kept.
    package func note(_ state: PatchState) async throws {
        try await write { database in
            let text = try Self.encode(state.following(patchState(of: state.image, database)))
            try database.execute(
                sql: "INSERT OR REPLACE INTO patch_state (image, record) VALUES (?, ?)",
                arguments: [state.image.description, text]
            )
            try database.execute(
                sql: "DELETE FROM patch_state WHERE image NOT IN (SELECT image FROM release)"
            )
        }
    }

    private func patchState(of image: Digest, _ database: Database) throws -> PatchState? {
        try String.fetchOne(
            database,
            sql: "SELECT record FROM patch_state WHERE image = ?",
            arguments: [image.description]
        ).map { try decode(PatchState.self, $0, "patch state") }
    }
}
