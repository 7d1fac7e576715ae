import KilnDefinition
import KilnSystem
import Synchronization

/// In which suites the archives of a lock run list the versions that move.
///
/// A class: the images of a run share what was found while an archive was open.
final class AptSuites: Sendable {
    private let found = Mutex<[LockedPackage: [String]]>([:])

    var all: [LockedPackage: [String]] { found.withLock { $0 } }

    /// Asks about the packages of which another version was locked before.
    func note(
        _ packages: [LockedPackage],
        replacing old: [LockedPackage],
        in archives: AptArchives
    ) async throws {
        let before = Dictionary(old.map { ($0.name, $0.sha256) }) { first, _ in first }
        let moved = packages.filter { package in
            guard let known = before[package.name] else { return false }
            return known != package.sha256
        }
        try await note(moved, in: archives)
    }

    func note(_ packages: [LockedPackage], in archives: AptArchives) async throws {
        guard !packages.isEmpty else { return }
        let madison = archives.root.invocation("apt-cache", ["madison"] + packages.map(\.name))
        let rows = Self.parse(try await archives.runner.runUnchecked(madison).text)
        found.withLock { found in
            for package in packages {
                let order = archives.members.filter { $0.name == package.archive }
                    .flatMap { $0.sources.map(\.suite) }
                let suites = rows.filter { $0.name == package.name && $0.version == package.version }
                    .map(\.suite)
                found[package] = order.enumerated()
                    .filter { suites.contains($0.element) && order.firstIndex(of: $0.element) == $0.offset }
                    .map(\.element)
            }
        }
    }

    struct Row: Hashable {
        let name: String
        let version: String
        let suite: String
    }

    /// `name | version | URI suite/component architecture Packages` (apt-cache(8)); a suite may have slashes itself.
    static func parse(_ output: String) -> [Row] {
        output.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.split(separator: " ") }
            guard cells.count == 3, cells[0].count == 1, cells[1].count == 1, cells[2].count == 4,
                let slash = cells[2][1].lastIndex(of: "/")
            else { return nil }
            return Row(
                name: String(cells[0][0]),
                version: String(cells[1][0]),
                suite: String(cells[2][1][..<slash])
            )
        }
    }
}
