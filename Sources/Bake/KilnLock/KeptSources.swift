import KilnDiagnostics
import KilnOCI
import KilnRegistry

/// The registries that keep what was locked, as far as they answer.
struct KeptSources: Sendable {
    private(set) var places: [FetchPlace] = []
    /// Why the others are not asked.
    private(set) var failures: [String] = []

    /// Asks each for one blob, whose absence does not matter. One that does not answer is told of, and left out.
    static func open(
        _ repositories: [Repository],
        _ client: RegistryClient,
        probing digest: Digest
    ) async throws -> KeptSources {
        var kept = KeptSources()
        for repository in repositories {
            do {
                kept.places.append(.sources(try await client.blobAccess(to: repository, probing: digest)))
            } catch let error as RegistryError {
                var note = error.diagnostic
                note.severity = .note
                note.hint = "going on without the sources in \(repository)"
                Progress.report(.diagnostic(note))
                kept.failures.append(([note.message] + note.causes).joined(separator: ": "))
            }
        }
        return kept
    }

    mutating func replace(_ place: FetchPlace, by other: FetchPlace) {
        places = places.map { $0 == place ? other : $0 }
    }
}

/// Opens the registries that keep sources once, however much is fetched from them: one that is down keeps nobody waiting
/// twice. An actor: packages and downloads share it.
actor SourceDoor {
    private let repositories: [Repository]
    private let client: RegistryClient
    private var opened: KeptSources?

    init(_ repositories: [Repository], _ client: RegistryClient) {
        self.repositories = repositories
        self.client = client
    }

    func open(probing digest: Digest) async throws -> KeptSources {
        if let opened { return opened }
        let kept = try await KeptSources.open(repositories, client, probing: digest)
        opened = kept
        return kept
    }

    /// The same place with another login, which lasts for a minute only with many registries; nil when there is none to be
    /// had.
    func renewed(_ place: FetchPlace, probing digest: Digest) async throws -> FetchPlace? {
        guard case .sources(let access) = place else { return nil }
        do {
            let new = FetchPlace.sources(try await client.blobAccess(to: access.repository, probing: digest))
            guard new != place else { return nil }
            opened?.replace(place, by: new)
            return new
        } catch is RegistryError {
            return nil
        }
    }
}

/// Where packages are fetched from.
enum FetchPlace: Sendable, Hashable {
    /// A repository of a registry, by digest.
    case sources(BlobAccess)
    /// An archive's base URL, without a trailing slash.
    case mirror(String)

    func url(of package: LockedPackage) -> String {
        switch self {
        case .sources(let access): access.url(of: package.sha256)
        case .mirror(let base): base + "/" + PercentEncoding.encode(path: package.path)
        }
    }

    /// nil for an archive's host.
    var repository: Repository? {
        if case .sources(let access) = self { access.repository } else { nil }
    }
}
