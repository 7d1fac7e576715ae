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
}
