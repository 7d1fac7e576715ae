import KilnDefinition
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// Makes one instance, step by step; what a crash leaves of it is recognised by the missing process record.
struct InstanceMaker: Sendable {
    let home: KilnHome
    let images: ImageStore
    let secrets: any SecretStore
    let runner: ToolRunner

    private var mounts: RootMounts { RootMounts(home: home) }

    func make(_ spec: InstanceSpec, at paths: InstancePaths) async throws {
        do {
            try await prepare(spec, at: paths)
        } catch {
            throw spec.isOneShot == true ? NotBegun(cause: error) : error
        }
        let cgroups = try Cgroups.current(of: home)
        let record = try await Container(paths: paths, runner: runner).start { process in
            try DriftBaseline.record(paths, pid: process.pid, cgroups: cgroups)
            if isToBeRouted(spec, paths.fleet) { cgroups.give(.starting, to: spec.id, of: paths.fleet) }
        }
        try Record.write(record, to: paths.process)
    }

    /// Whether it gets requests once it is well, and with them its full share of the processors.
    private func isToBeRouted(_ spec: InstanceSpec, _ fleet: FleetPaths) -> Bool {
        guard spec.isOneShot != true, let settings = Record.readable(FleetSettings.self, from: fleet.settings)
        else { return false }
        return settings.listen != nil && spec.release.content.isReached(by: settings.listen)
    }

    /// All but the process.
    private func prepare(_ spec: InstanceSpec, at paths: InstancePaths) async throws {
        try Files.createDirectory(paths.fleet.directory, mode: 0o700)
        try Files.createDirectory(paths.directory, mode: 0o700)
        try Record.write(spec, to: paths.spec)
        for folder in [paths.bundle, paths.runtime] { try Files.createDirectory(folder, mode: 0o700) }
        let image = try await RootImage.load(spec.release.content.image, from: images)
        let layers = image.layers.map { RootRecord.SealedFile(diffID: $0.diffID, path: $0.path.string) }
        // Before the first mount: what is recorded here is not unmounted by others.
        try Record.write(RootRecord(image: image.digest, layers: layers, top: nil), to: paths.root)
        let network = try await network.attach(paths)
        try Record.write(network, to: paths.network)
        let sealed = try await sealTop(spec, on: image, at: paths, address: network.address)
        try Record.write(RootRecord(image: image.digest, layers: layers, top: sealed.top), to: paths.root)
        let content = spec.release.content
        let writable = content.writableRoot == true ? content.resources.memory : nil
        try await mounts.mountRoot(of: paths, on: image, writable: writable)
        try await InstanceSecrets.mount(spec, from: secrets, for: sealed.user, at: paths)
        try await writeBundle(spec, image.config, sealed, at: paths)
    }

    private var network: InstanceNetwork {
        InstanceNetwork(bridge: Bridge(home: home, runner: runner), runner: runner)
    }

    /// What was learned from the image while its top layer was made.
    private struct SealedTop {
        let top: Digest
        let user: ImageUser
        let statePaths: [String: FilePath]
        let stateModes: [String: UInt32]
    }

    private func sealTop(
        _ spec: InstanceSpec,
        on image: RootImage,
        at paths: InstancePaths,
        address: String
    ) async throws -> SealedTop {
        let root = try await mounts.tree(of: image)
        let hostResolver = (try? Files.readText("/etc/resolv.conf")) ?? ""
        let layer = try TopLayerPlan.topLayer(
            for: spec,
            on: root,
            address: address,
            gateway: Bridge(home: home, runner: runner).subnet()?.gateway,
            resolver: TopLayerPlan.resolver(host: hostResolver)
        )
        let sealer = TopLayerSealer(runner: runner, scratch: paths.runtime)
        let top = try await sealer.seal(layer, to: paths.topLayer)
        var statePaths: [String: FilePath] = [:]
        var stateModes: [String: UInt32] = [:]
        for state in spec.release.content.state {
            guard let place = root.resolve(FilePath(state.path)) else { continue }
            statePaths[state.path] = place.path
            stateModes[state.path] = place.facts?.mode
        }
        let user = try user(image.config, in: root, spec)
        return SealedTop(top: top, user: user, statePaths: statePaths, stateModes: stateModes)
    }

    private func user(_ config: ImageConfig, in root: RootResolver, _ spec: InstanceSpec) throws -> ImageUser
    {
        let name = config.config?.user ?? ""
        let passwd = root.text("/etc/passwd") ?? ""
        let group = root.text("/etc/group") ?? ""
        if let user = ImageUser(name, passwd: passwd, group: group) { return user }
        throw LocalPlatformError(
            .user,
            "image \(spec.release.content.imageName) has no user \(name)",
            hint: "declare it under users:, or give a number"
        )
    }

    private func writeBundle(
        _ spec: InstanceSpec,
        _ config: ImageConfig,
        _ sealed: SealedTop,
        at paths: InstancePaths
    ) async throws {
        try await Volumes.create(for: spec, of: paths.fleet, owner: sealed.user, modes: sealed.stateModes)
        let table = try MountTable.current()
        let plan = BundlePlan(
            spec: spec,
            image: config,
            user: sealed.user,
            paths: paths,
            statePaths: sealed.statePaths,
            cgroup: Cgroups(home: home, mounts: table).path(spec.id, of: spec.release.fleet),
            countsSwap: Cgroups.countSwap(table),
            inherited: .current
        )
        let bytes = try CanonicalJSON.encodePretty(try plan.runtimeSpec())
        try Files.write(bytes, to: paths.bundle.appending("config.json"), mode: 0o600, synced: false)
    }
}
