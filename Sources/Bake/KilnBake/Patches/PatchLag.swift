package import KilnDefinition
package import KilnLock
package import KilnOCI
package import KilnStore
import OrderedCollections

/// How far some packages are behind their archive, and since when.
package struct PatchLag: Sendable, Hashable {
    /// How many packages were compared.
    package let packages: Int
    /// Those that a newer version is there for.
    package let behind: [PatchNote]

    package init(packages: Int, behind: [PatchNote]) {
        self.packages = packages
        self.behind = behind
    }

    package var security: Int { behind.count { $0.isSecurity } }
    /// By name, each once.
    package var vulnerabilities: Set<String> { Set(behind.flatMap(\.fixes)) }
    /// The oldest change that is missed.
    package var since: Int64? { behind.compactMap(\.since).min() }
}

/// Compares what is locked, and what runs, with what an update of the lock would choose.
package struct PatchComparison: Sendable {
    private let definition: Definition
    private let locked: Lock
    private let outcome: LockOutcome
    private let notes: PatchNotes
    /// On what is locked.
    private let moves: [PatchNote]

    /// `outcome` is that of an update of the whole lock that was not written.
    package init(_ definition: Definition, locked: Lock, outcome: LockOutcome, notes: PatchNotes) async throws
    {
        self.definition = definition
        self.locked = locked
        self.outcome = outcome
        self.notes = notes
        moves = try await notes.notes(on: outcome)
    }

    /// Of the packages that the image itself adds.
    package func own(_ image: ImageName) -> PatchLag {
        PatchLag(
            packages: locked.images[image]?.packages.count ?? 0,
            behind: moves.filter { $0.image == image }
        )
    }

    /// Of those of the images that it stands on.
    package func inherited(_ image: ImageName) throws -> PatchLag {
        let below = try ImageChain(of: image, in: definition).below.map(own)
        return PatchLag(packages: below.reduce(0) { $0 + $1.packages }, behind: below.flatMap(\.behind))
    }

    /// Of all that an image in the store holds of the packages that the lock has for a name: what runs may be older than the
    /// lock. nil when the image is not here or keeps no record of packages.
    package func running(_ image: Digest, as name: ImageName, in store: ImageStore) async throws -> PatchLag?
    {
        guard definition.images[name] != nil,
            let installed = try await InstalledPackages.read(of: image, in: store)
        else { return nil }
        var behind: [PatchNote] = []
        for link in try ImageChain(of: name, in: definition).names {
            for package in outcome.lock.images[link]?.packages ?? [] {
                guard let version = installed[package.name],
                    DebianVersion(version) < DebianVersion(package.version)
                else { continue }
                behind.append(try await note(on: package, of: link, since: version))
            }
        }
        return PatchLag(packages: installed.count, behind: behind)
    }

    /// Of all versions that an update chooses for what an image is made of.
    package func choice(_ name: ImageName) throws -> Digest {
        let packages = try ImageChain(of: name, in: definition).names.flatMap {
            outcome.lock.images[$0]?.packages ?? []
        }
        return Digest(of: packages.map { "\($0.name)=\($0.version)\n" }.sorted().joined())
    }

    private func note(
        on package: LockedPackage,
        of image: ImageName,
        since old: String
    ) async throws -> PatchNote {
        if let known = moves.first(where: { $0.image == image && $0.name == package.name && $0.old == old }) {
            return known
        }
        return try await notes.note(on: package, of: image, since: old, suites: outcome.suites[package] ?? [])
    }
}
