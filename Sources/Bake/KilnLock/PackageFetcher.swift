package import KilnDefinition
package import KilnDiagnostics
package import KilnOCI
package import KilnRegistry
import KilnStore
package import KilnSystem
import SystemPackage

/// Brings locked packages into the package store: by digest from the store, else from the registries that keep sources,
/// else from the archive's hosts.
///
/// Several at once; a transfer that was cut off, even by a kill, goes on where it stopped. A package that is kept is never
/// asked for, so that nothing of the machine's apt settings is read when all are.
package struct PackageFetcher: Sendable {
    let home: KilnHome
    let definition: Definition
    let host: AptHost
    /// Whose sources of the machine are asked, where those are for some only.
    var platform: ImagePlatform
    let registry: RegistryClient
    let door: SourceDoor
    let runner: ToolRunner
    let store: PackageStore

    package init(
        home: KilnHome,
        definition: Definition,
        host: AptHost = AptHost(),
        platform: ImagePlatform = .host,
        registry: RegistryClient,
        runner: ToolRunner = ToolRunner()
    ) {
        self.home = home
        self.definition = definition
        self.host = host
        self.platform = platform
        self.registry = registry
        door = SourceDoor(definition.sources, registry)
        self.runner = runner
        store = PackageStore(home: home)
    }

    /// Returns when every package is in the store.
    package func fetch(_ packages: [LockedPackage], as work: WorkID = WorkID("fetch")) async throws {
        guard !missing(packages).isEmpty else { return }
        try await PartialFiles.with(home) { directory in
            let missing = missing(packages)
            guard !missing.isEmpty else { return }
            let total = missing.map(\.size).reduce(0, +)
            try await Progress.track(work, label: "fetch \(missing.count) packages", total: total) {
                var completed: Int64 = 0
                for archive in Set(missing.map(\.archive)).sorted() {
                    let wanted = missing.filter { $0.archive == archive }
                    let round = try await FetchRound(
                        self,
                        archive,
                        directory,
                        work,
                        completed: completed
                    )
                    try await round.fetch(wanted)
                    completed += wanted.map(\.size).reduce(0, +)
                }
            }
        }
    }

    func holds(_ package: LockedPackage) -> Bool {
        store.contains(package.sha256, size: package.size)
    }

    /// Each digest once, in order.
    private func missing(_ packages: [LockedPackage]) -> [LockedPackage] {
        var seen: Set<Digest> = []
        return packages.filter { seen.insert($0.sha256).inserted && !holds($0) }
    }
}
