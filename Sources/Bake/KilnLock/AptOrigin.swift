import KilnDefinition
import KilnOCI
import KilnSystem

/// Which archive a chosen package comes from.
struct AptOrigin: Sendable {
    let archive: AptArchive
    /// Below the archive's base URL, where that is known.
    let path: String?
}

extension AptSolver {
    /// The origin of each choice. Where several archives lie at one place, the suites that list the version decide; `known`
    /// tells of packages that no archive lists any more.
    func origins(
        of choices: [AptChoice],
        known: [LockedPackage],
        _ options: [String]
    ) async throws -> [AptChoice: AptOrigin] {
        guard archives.members.count > 1 else {
            return Dictionary(
                choices.map { ($0, AptOrigin(archive: archives.first, path: nil)) },
                uniquingKeysWith: { first, _ in first }
            )
        }
        let kept = Dictionary(known.map { ($0.sha256, $0) }, uniquingKeysWith: { first, _ in first })
        var origins: [AptChoice: AptOrigin] = [:]
        var unclear: [AptChoice] = []
        for choice in choices {
            let places = archives.places(of: choice)
            if Set(places.map(\.archive.name)).count == 1 {
                origins[choice] = places[0]
            } else if places.isEmpty {
                let archive = kept[choice.sha256].flatMap { archives.member($0.archive) }
                origins[choice] = AptOrigin(archive: archive ?? archives.first, path: nil)
            } else {
                unclear.append(choice)
            }
        }
        guard !unclear.isEmpty else { return origins }
        let listings = try await listings(of: unclear.map(\.name), options)
        for choice in unclear {
            let places = archives.places(of: choice)
            let rows = listings.filter { $0.name == choice.name && $0.version == choice.version }
            origins[choice] =
                places.first { place in
                    place.archive.sources.contains { source in
                        let uri = source.withoutLogin
                        return rows.contains { $0.uri == uri && $0.suite == source.suite }
                    }
                } ?? places[0]
        }
        return origins
    }

    /// A row of `apt-cache madison`: ` name | version | URI suite/component architecture Packages`.
    private struct Listing {
        let name: String
        let version: String
        let uri: String
        let suite: String

        init?(_ line: Substring) {
            let fields = line.split(separator: "|").map(\.trimmingSpaces)
            guard fields.count == 3 else { return nil }
            let words = fields[2].split(separator: " ")
            guard words.count >= 2, let slash = words[1].lastIndex(of: "/") else { return nil }
            name = String(fields[0])
            version = String(fields[1])
            uri = AptSource.normalized(String(words[0]))
            suite = String(words[1][..<slash])
        }
    }

    private func listings(of names: [String], _ options: [String]) async throws -> [Listing] {
        let madison = archives.root.invocation("apt-cache", ["madison"] + options + names)
        return try await archives.runner.run(madison).text.split(separator: "\n").compactMap(Listing.init)
    }
}

extension AptArchives {
    /// Where a choice may come from, going by its URI; in the order of the archives.
    fileprivate func places(of choice: AptChoice) -> [AptOrigin] {
        let uri = AptMessages.withoutPasswords(AptSource.normalized(choice.uri))
        return members.flatMap { archive in
            archive.sources.compactMap { source in
                uri.suffix(after: source.withoutLogin + "/").map { path in
                    AptOrigin(archive: archive, path: PercentEncoding.decode(path))
                }
            }
        }
    }
}

extension AptSource {
    fileprivate var withoutLogin: String { AptMessages.withoutPasswords(uri) }
}
