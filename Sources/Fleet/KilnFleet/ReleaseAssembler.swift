import KilnArchive
package import KilnDefinition
import KilnDiagnostics
package import KilnOCI
package import KilnStore
import KilnSystem
import OrderedCollections
package import SystemPackage

/// Makes a release's content out of a baked image and what a fleet adds to it. Everything is read once, here: what
/// changes beside the definition afterwards changes no release.
package struct ReleaseAssembler: Sendable {
    private let images: ImageStore

    /// Most bytes of one configuration file.
    private static let fileLimit = 1 << 20

    package init(images: ImageStore) {
        self.images = images
    }

    /// `directory` is where the fleet's configuration files are looked for; `image` is the manifest, that of the image's
    /// name when nil; `resolved` is what the fleet's stores said. Without `needsEntrypoint` the image may be one that starts nothing.
    package func content(
        for fleet: FleetDefinition,
        image: Digest? = nil,
        peers: [FleetName: UInt16] = [:],
        peerPorts: [FleetName: [String: UInt16]] = [:],
        resolved: ResolvedConfig = .none,
        directory: FilePath,
        needsEntrypoint: Bool = true
    ) throws -> ReleaseContent {
        let digest = try image ?? images.image(fleet.image.description).digest
        let manifest = try images.manifest(digest).value
        let config = try images.config(manifest).value
        guard ImagePlatform.host.canStart(config.platform) else {
            throw FleetError(
                .otherPlatform,
                "image \(fleet.image) is for \(config.platform), and this machine is \(ImagePlatform.host)",
                hint: "add \(ImagePlatform.host) to platforms: of the image, then: kiln bake",
                status: .usage
            )
        }
        let runtime = try runtime(of: fleet.image, config)
        guard
            !needsEntrypoint || config.config?.entrypoint?.isEmpty == false
                || config.config?.cmd?.isEmpty == false
        else {
            throw FleetError(
                .noEntrypoint,
                "image \(fleet.image) has no entrypoint, so there is nothing to run",
                hint: "give the image an entrypoint, then: kiln bake",
                status: .usage
            )
        }
        return ReleaseContent(
            image: digest,
            imageName: fleet.image,
            imageVersion: runtime.version,
            env: environment(config, Self.addresses(peers, peerPorts), resolved.env, fleet.config.env),
            files: try files(fleet.config.files, resolved.files, config, directory),
            health: runtime.health,
            state: runtime.state,
            stop: runtime.stop,
            resources: fleet.resources,
            ports: runtime.ports,
            peers: peers.isEmpty
                ? nil : Dictionary(uniqueKeysWithValues: peers.map { ($0.description, $1) }),
            peerPorts: peerPorts.isEmpty
                ? nil : Dictionary(uniqueKeysWithValues: peerPorts.map { ($0.description, $1) }),
            secrets: fleet.secrets.isEmpty ? nil : fleet.secrets.map(SecretReference.init),
            before: fleet.before.isEmpty ? nil : fleet.before,
            writableRoot: fleet.writableRoot
        )
    }

    private func runtime(of name: ImageName, _ config: ImageConfig) throws -> ImageRuntime {
        guard let label = config.config?.labels?[ImageRuntime.label] else {
            throw FleetError(
                .foreignImage,
                "image \(name) was not baked by kiln: it does not say how it runs",
                hint: "run: kiln bake \(name)",
                status: .usage
            )
        }
        return try CanonicalJSON.decode(ImageRuntime.self, from: Array(label.utf8))
    }

    /// The image's, where the needed fleets are, what stores say, and what the fleet says itself, each over the one before.
    private func environment(
        _ config: ImageConfig,
        _ peers: [String: String],
        _ resolved: [String: String],
        _ own: OrderedDictionary<String, String>
    ) -> [String: String] {
        var variables: [String: String] = [:]
        for entry in config.config?.env ?? [] {
            guard let equals = entry.firstIndex(of: "=") else { continue }
            variables[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
        }
        variables.merge(peers) { $1 }
        variables.merge(resolved) { $1 }
        return variables.merging(own.map { ($0, $1) }) { $1 }
    }

    /// `STOCK_API_ADDRESS` for the fleet `stock-api`, and `STOCK_API_ADMIN_ADDRESS` for what leads to its port `admin`.
    static func addresses(
        _ peers: [FleetName: UInt16],
        _ ports: [FleetName: [String: UInt16]]
    ) -> [String: String] {
        var addresses: [String: String] = [:]
        func add(_ words: [String], _ fleet: FleetName, _ port: UInt16) {
            let name = (words + ["address"]).joined(separator: "_").uppercased()
            addresses[String(name.map { $0.isLetter || $0.isNumber ? $0 : "_" })] = "\(fleet):\(port)"
        }
        // In order: where two are called the same, it is always the same one that counts.
        for (fleet, ports) in ports.sorted(by: { $0.key < $1.key }) {
            for (name, port) in ports.sorted(by: { $0.key < $1.key }) {
                add([fleet.description, name], fleet, port)
            }
        }
        // A fleet's own name comes before a port's of another fleet.
        for (fleet, port) in peers { add([fleet.description], fleet, port) }
        return addresses
    }

    private func files(
        _ definitions: [FileDefinition],
        _ resolved: [ResolvedConfig.File],
        _ config: ImageConfig,
        _ directory: FilePath
    ) throws -> [ConfigFile] {
        guard !definitions.isEmpty || !resolved.isEmpty else { return [] }
        let root = try LayerIndexes(home: images.home).root(of: config.rootfs.diffIDs)
        let accounts = String(decoding: root?.content(of: "etc/passwd") ?? [], as: UTF8.self)
        return try definitions.map { definition in
            let path = directory.pushing(definition.source)
            guard let facts = Files.facts(path, followingSymlinks: true), facts.kind == .file else {
                throw FleetError(
                    .missingConfigFile,
                    "there is no file \(definition.source)",
                    at: definition.span,
                    hint: "configuration files are looked for beside the definition",
                    status: .usage
                )
            }
            let owner = try owner(of: definition, accounts)
            return ConfigFile(
                target: definition.target,
                userID: owner.uid,
                groupID: owner.gid,
                mode: definition.mode ?? (facts.mode & 0o100 != 0 ? 0o755 : 0o644),
                content: try Files.read(path, limit: Self.fileLimit)
            )
        }
            + resolved.map { file in
                let owner = try owner(of: file.definition, accounts)
                return ConfigFile(
                    target: file.definition.target,
                    userID: owner.uid,
                    groupID: owner.gid,
                    mode: file.definition.mode ?? 0o644,
                    content: file.content
                )
            }
    }

    /// The owner's numbers, by the image's own accounts (passwd(5)).
    private func owner(of file: FileDefinition, _ accounts: String) throws -> (uid: UInt32, gid: UInt32) {
        if file.owner == "root" { return (0, 0) }
        if let number = UInt32(file.owner) { return (number, number) }
        let rows = accounts.split(separator: "\n").map {
            $0.split(separator: ":", omittingEmptySubsequences: false)
        }
        guard let row = rows.first(where: { $0.count > 3 && $0[0] == file.owner }), let uid = UInt32(row[2]),
            let gid = UInt32(row[3])
        else {
            throw FleetError(
                .unknownOwner,
                "the image has no user \"\(file.owner)\"",
                at: file.span,
                hint: Spelling.hint(for: file.owner, in: rows.compactMap { $0.first.map(String.init) }),
                status: .usage
            )
        }
        return (uid, gid)
    }
}
