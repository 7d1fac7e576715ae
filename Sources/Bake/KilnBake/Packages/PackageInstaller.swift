import Glibc
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnSystem
import SystemPackage

/// Installs packages into a root with the root's own dpkg, in the sandbox.
struct PackageInstaller: Sendable {
    let image: ImageName
    let packages: [LockedPackage]
    let fresh: Bool
    /// What debconf is told before the packages are configured.
    var debconf: [DebconfAnswer] = []
    let epoch: Int64
    let span: SourceSpan?
    /// Where the fetched archive of a package is.
    let file: @Sendable (LockedPackage) -> FilePath
    let containers: ContainerRunner
    var tools = ToolRunner()
    /// Has dpkg unpack every package of a fresh root, which gives the same root more slowly.
    var leavesAllToDpkg = false
    /// Unpacks in the opposite order, which must not show.
    var isReversed = false

    private static let policyFile = "/usr/sbin/policy-rc.d"
    /// invoke-rc.d asks it before it starts a service; 101 forbids.
    private static let policy = "#!/bin/sh\nexit 101\n"
    private static let width = 4

    /// Bytes that the installation may take, on the safe side: packages are seldom compressed to less than an eighth.
    var expectedSize: Int64 { packages.map(\.size).reduce(64 << 20) { $0 + 8 * $1 } }

    func install(into root: BakeRoot, work: WorkID) async throws {
        let folder = root.bundle.appending("packages")
        try gather(in: folder)
        try await check(in: folder)
        let archives = try await readControls(in: folder)
        let preseeding = try preseeding(in: root.path)
        let steps =
            fresh
            ? try await FreshRoot(
                root: root.path,
                folder: folder,
                tools: tools,
                preseeding: preseeding,
                isReversed: isReversed
            )
            .prepare(archives, leavingAllToDpkg: leavesAllToDpkg)
            : InstallOrder(archives.map(\.control), preseeding: preseeding).steps
        try await run(InstallScript(steps: steps), in: root, folder, work)
    }

    private func preseeding(in root: FilePath) throws -> InstallOrder.Preseeding {
        guard !debconf.isEmpty else { return .none }
        if Files.exists(root.pushing("usr/bin/debconf-set-selections")) { return .first }
        if packages.contains(where: { $0.name == InstallOrder.debconf }) { return .withDebconf }
        throw BakeError.noDebconf(image, at: debconf.first?.span ?? span)
    }

    private func run(
        _ script: InstallScript,
        in root: BakeRoot,
        _ folder: FilePath,
        _ work: WorkID
    ) async throws {
        let scriptFile = root.bundle.appending("install")
        let policyFile = root.bundle.appending("policy-rc.d")
        try Files.write(script.text, to: scriptFile)
        try Files.write(Self.policy, to: policyFile, mode: 0o755)
        var binds: [BakeContainer.Bind] = [
            .init(source: folder, target: InstallScript.folder),
            .init(source: scriptFile, target: BakeContainer.folder + "/install"),
            .init(source: policyFile, target: Self.policyFile),
        ]
        if !debconf.isEmpty {
            let answers = root.bundle.appending("debconf")
            try Files.write(debconf.map(\.selection).joined(), to: answers)
            binds.append(.init(source: answers, target: InstallScript.answers))
        }
        let container = BakeContainer(
            arguments: ["/bin/sh", BakeContainer.folder + "/install"],
            environment: InstallScript.environment,
            epoch: epoch,
            binds: binds
        )
        try await containers.run(container, root: root.path, scratch: root.bundle, work: work) { outcome in
            let what = "the installation of the packages of image \"\(image)\""
            let layer = "\(image)/packages"
            return CommandFailure(what: what, layer: layer, outcome: outcome, place: span)
                .error("install-failed")
        }
    }

    /// The packages under names that read well in dpkg's output, by links that the container cannot write through.
    private func gather(in folder: FilePath) throws {
        try Files.createDirectory(folder)
        for package in packages {
            let target = folder.appending(package.name + ".deb")
            guard link(file(package).string, target.string) == 0 else {
                throw SystemError.last("link \(file(package)) to \(target)")
            }
        }
    }

    /// A package was checked when it was fetched, perhaps long ago. A damaged one is deleted, and so fetched again the
    /// next time.
    private func check(in folder: FilePath) async throws {
        let damaged = try await packages.map(atOnce: Self.width) { package in
            let file = folder.appending(package.name + ".deb")
            return try await Blocking.run {
                try InputDigester.contentDigest(of: file) == package.sha256 ? nil : package
            }
        }
        .compactMap(\.self)
        guard !damaged.isEmpty else { return }
        for package in damaged { try Files.remove(file(package)) }
        throw BakeError.damagedPackages(damaged.map { "\($0.name) \($0.version)" })
    }

    private func readControls(in folder: FilePath) async throws -> [ControlArchive] {
        try await packages.map(atOnce: Self.width) { try await readControl(of: $0, in: folder) }
            .sorted { $0.control.name < $1.control.name }
    }

    private func readControl(of package: LockedPackage, in folder: FilePath) async throws -> ControlArchive {
        let file = PackageFile(path: folder.appending(package.name + ".deb"), tools: tools)
        let archive = try await ControlArchive.read(file)
        guard archive.control.name == package.name else {
            throw BakeError.badPackage(package.name, "it calls itself \(archive.control.name)")
        }
        return archive
    }
}

extension DebconfAnswer {
    /// A line for debconf-set-selections(1).
    fileprivate var selection: String { "\(package) \(question) \(kind.rawValue) \(value)\n" }
}
