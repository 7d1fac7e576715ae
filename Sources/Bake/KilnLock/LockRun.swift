import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import OrderedCollections
import SystemPackage

/// One run of `Locker.lock`: what is locked so far, and the archives opened for it.
struct LockRun {
    private let locker: Locker
    private let definition: Definition
    private let existing: Lock?
    private let update: LockUpdate
    private let fetcher: PackageFetcher
    private let earlier: EarlierLock
    /// Of what this run moved.
    let suites = AptSuites()

    init(_ locker: Locker, _ definition: Definition, existing: Lock?, update: LockUpdate) {
        self.locker = locker
        self.definition = definition
        self.existing = existing
        self.update = update
        earlier = EarlierLock(lock: existing, definition: definition, platform: locker.platform)
        fetcher = PackageFetcher(
            home: locker.home,
            definition: definition,
            host: locker.host,
            registry: locker.registry,
            runner: locker.runner
        )
    }

    /// Every image, in the definition's order.
    func images() async throws -> OrderedDictionary<ImageName, LockedImage> {
        var locked: [ImageName: LockedImage] = [:]
        let chains = try definition.imagesFromTheGround()
        try checkNames(chains)
        let groups = OrderedDictionary(grouping: chains) { chain in
            ArchiveGroup(archives: definition.archives(of: chain.top), platform: platform(of: chain.top))
        }
        // What an image stands on has no more archives than itself.
        for (_, chains) in groups.sorted(by: { $0.key.archives.count < $1.key.archives.count }) {
            locked = try await images(chains, below: locked)
        }
        var ordered: OrderedDictionary<ImageName, LockedImage> = [:]
        var pins = DownloadPins(existing: existing, update: update, fetcher: DownloadFetcher(fetcher))
        for (name, image) in definition.images {
            ordered[name] = locked[name]
            ordered[name]?.downloads = try await pins.downloads(of: image, named: name)
        }
        return ordered
    }

    /// Images that one apt root solves.
    private struct ArchiveGroup: Hashable {
        let archives: [ArchiveName]
        let platform: ImagePlatform
    }

    private var origins: OriginPins { OriginPins(locker: locker, definition: definition) }

    private func platform(of image: ImageName) -> ImagePlatform { image.platform ?? locker.platform }

    private func fetcher(of image: ImageName) -> PackageFetcher {
        var fetcher = fetcher
        fetcher.platform = platform(of: image)
        return fetcher
    }

    /// The images of the same archives and platform, each after the one it stands on. The archives are opened when the first must be
    /// solved.
    private func images(
        _ chains: [ImageChain],
        below: [ImageName: LockedImage],
        with archives: AptArchives? = nil
    ) async throws -> [ImageName: LockedImage] {
        var locked = below
        for (offset, chain) in chains.enumerated() {
            if let kept = try await keptOrWithoutPackages(chain, locked) {
                locked[chain.top] = kept
            } else if let archives {
                locked[chain.top] = try await solve(chain, locked, archives)
            } else {
                let rest = Array(chains[offset...])
                return try await withArchives(of: chain) { archives in
                    try await images(rest, below: locked, with: archives)
                }
            }
        }
        return locked
    }

    /// What needs no archive: an image whose lock still holds, and one that adds no packages.
    private func keptOrWithoutPackages(
        _ chain: ImageChain,
        _ locked: [ImageName: LockedImage]
    ) async throws -> LockedImage? {
        guard let image = definition.images[chain.top] else { return nil }
        let request = try LockRequest.digest(of: chain.top, in: definition, platform: locker.platform)
        if case .tar(let path) = image.origin {
            return LockedImage(request: request, tar: try await origins.pin(path, image))
        }
        if let old = existing?.images[chain.top], old.request == request, !moves(old),
            chain.below.allSatisfy({ locked[$0]?.packages == existing?.images[$0]?.packages })
        {
            return old
        }
        if case .oci(let reference) = image.origin {
            return LockedImage(request: request, base: try await base(reference, image, chain.top, locked))
        }
        if case .archive = image.origin { return nil }
        return image.packages.isEmpty ? LockedImage(request: request) : nil
    }

    /// What the reference was found to be for the platform: in this run, else in any image of the lock before, whatever its
    /// name was, unless the update is about it.
    private func base(
        _ reference: ImageReference,
        _ image: ImageDefinition,
        _ name: ImageName,
        _ locked: [ImageName: LockedImage]
    ) async throws -> LockedBase {
        let platform = platform(of: name)
        func known(in images: some Sequence<(key: ImageName, value: LockedImage)>) -> LockedBase? {
            images.filter { self.platform(of: $0.key) == platform }.compactMap(\.value.base)
                .filter { $0.image == reference }.min { $0.digest < $1.digest }
        }
        if let base = known(in: locked) { return base }
        // Which platform the lock's image is for shows in the image alone: the machine may have been another.
        if !moves(reference), let lock = existing,
            let base = known(in: lock.images.map { (key: $0.key, value: $0.value) }),
            try await origins.holds(base, image, for: platform)
        {
            return base
        }
        return try await origins.pin(reference, image, for: platform)
    }

    private func moves(_ reference: ImageReference) -> Bool {
        switch update {
        case .none: false
        case .all: true
        case .packages(let names): names.contains(reference.description)
        }
    }

    /// Whether the update lets one of the image's own packages move.
    private func moves(_ image: LockedImage) -> Bool {
        switch update {
        case .none: false
        case .all: !image.packages.isEmpty || image.base != nil
        case .packages(let names):
            image.packages.contains { names.contains($0.name) }
                || image.base.map { names.contains($0.image.description) } ?? false
        }
    }

    private func withArchives<Result>(
        of chain: ImageChain,
        _ body: (AptArchives) async throws -> Result
    ) async throws -> Result {
        let names = definition.archives(of: chain.top)
        guard !names.isEmpty else { throw noArchive(chain) }
        let settings = AptRoot.Settings(
            archives: try names.map { try archive($0, chain) },
            host: try await locker.host.settings(),
            architecture: platform(of: chain.top).debianArchitecture,
            retries: locker.retries
        )
        try settings.checkPlaces()
        let listed = names.map(\.description).joined(separator: ", ")
        return try await AptRoot.with(in: locker.home, settings) { root in
            let archives = AptArchives(members: settings.archives, root: root, runner: locker.runner)
            let work = WorkID("lock/\(root.architecture)/\(names.map(\.description).joined(separator: "+"))")
            let foreign = chain.top.platform.map { " for \($0)" } ?? ""
            try await Progress.track(work, label: "update the indexes of \(listed)\(foreign)") {
                try await archives.refresh()
            }
            return try await body(archives)
        }
    }

    private func archive(_ name: ArchiveName, _ chain: ImageChain) throws -> AptArchive {
        guard let archive = definition.archives[name] else { throw noArchive(chain, name) }
        return AptArchive(
            name: name,
            definition: archive,
            keyring: try keyring(of: archive, name),
            sources: try locker.host.sources(
                for: archive,
                named: name,
                architecture: platform(of: chain.top).debianArchitecture
            )
        )
    }

    private func keyring(of archive: ArchiveDefinition, _ name: ArchiveName) throws -> [UInt8] {
        guard Files.facts(archive.keyring, followingSymlinks: true)?.kind == .file else {
            throw LockError(
                .keyring,
                "archive \"\(name)\" has no keyring: there is no file \(archive.keyring)",
                at: archive.span,
                hint: "install the distribution's keyring package, or set keyring: to the keys that sign it",
                exitStatus: .usage
            )
        }
        return try Files.read(archive.keyring, limit: 16 << 20)
    }

    private func solve(
        _ chain: ImageChain,
        _ locked: [ImageName: LockedImage],
        _ archives: AptArchives
    ) async throws -> LockedImage {
        guard let image = definition.images[chain.top] else { throw noArchive(chain) }
        let below = chain.below.map { ($0, locked[$0]?.packages ?? []) }
        let request = AptRequest(
            image: chain.top,
            definition: image,
            below: below,
            preferred: try earlier.preferred(for: chain, update, above: below.flatMap(\.1)),
            keepsDropped: try earlier.unchangedArchives(of: chain.top),
            preferences: definition.pins(of: chain.top)
        )
        let store = PackageStore(home: locker.home)
        let solver = AptSolver(archives: archives) { try await keep($0, for: chain.top, in: store) }
        let packages = try await Progress.track(WorkID("lock/\(chain.top)"), label: "resolve \(chain.top)") {
            try await solver.solve(request)
        }
        try await fetcher(of: chain.top).fetch(packages, as: WorkID("fetch/\(chain.top)"))
        // What runs may be older than what is locked, so an update of everything asks about everything.
        let old = existing?.images[chain.top]?.packages ?? []
        if update == .all, !old.isEmpty {
            try await suites.note(packages, in: archives)
        } else {
            try await suites.note(packages, replacing: old, in: archives)
        }
        return LockedImage(
            request: try LockRequest.digest(of: chain.top, in: definition, platform: locker.platform),
            asked: LockRequest.packages(of: image),
            epoch: try epoch(of: packages, in: store),
            packages: packages
        )
    }

    /// The files of packages that the archive no longer lists: from the store, else from its pool if they are still there.
    private func keep(
        _ packages: [LockedPackage],
        for image: ImageName,
        in store: PackageStore
    ) async throws -> [LockedPackage: FilePath] {
        do {
            try await fetcher(of: image).fetch(packages, as: WorkID("fetch/kept"))
        } catch let error as LockError where error.code == .gone {
            // What is nowhere to be had cannot be kept; whether that matters is the solver's to say.
        }
        let kept = packages.filter { store.contains($0.sha256, size: $0.size) }
        return Dictionary(kept.map { ($0, store.path($0.sha256)) }, uniquingKeysWith: { first, _ in first })
    }

    /// The newest build time among the packages, 0 without any.
    private func epoch(of packages: [LockedPackage], in store: PackageStore) throws -> Int64 {
        try packages.map { try DebianPackage.buildTime(of: store.path($0.sha256)) }.max() ?? 0
    }

    private func checkNames(_ chains: [ImageChain]) throws(LockError) {
        for chain in chains {
            guard let image = definition.images[chain.top] else { continue }
            if !image.packages.isEmpty, chain.archive == nil { throw noArchive(chain) }
            for name in image.packages where !PackageSyntax.isName(name) {
                throw LockError(
                    .packageName,
                    "image \"\(chain.top)\": \"\(name)\" is no package name",
                    at: PackageSpan.find(name, in: image) ?? image.span,
                    hint:
                        "a name has lower-case letters, digits, \"+\", \"-\", \".\"; versions stand in the lock",
                    exitStatus: .usage
                )
            }
        }
    }

    private func noArchive(_ chain: ImageChain, _ name: ArchiveName? = nil) -> LockError {
        let image = definition.images[chain.top]
        if let name {
            return LockError(
                .noArchive,
                "image \"\(chain.top)\" takes packages from the archive \"\(name)\", which is not defined",
                at: image?.spans[name == chain.archive ? "from" : "archives"] ?? image?.span,
                hint: Spelling.hint(for: name.description, in: definition.archives.keys.map(\.description)),
                exitStatus: .usage
            )
        }
        return LockError(
            .noArchive,
            "image \"\(chain.top)\" has packages, but does not start from an archive",
            at: image?.spans["packages"] ?? image?.span,
            hint: "packages need an image that starts from: archive:NAME, itself or further down",
            exitStatus: .usage
        )
    }
}
