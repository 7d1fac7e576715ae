import KilnDefinition
import KilnFleet
import SystemPackage

/// Decides what a release needs on top of its image.
enum TopLayerPlan {
    /// Where the runtime mounts its own file systems.
    static let systemMountPoints: [FilePath] = ["/proc", "/sys", "/dev"]

    static func topLayer(
        for spec: InstanceSpec,
        on image: RootResolver,
        address: String,
        gateway: String?,
        resolver: String
    ) throws -> TopLayer {
        var top = TopLayer(image: image)
        var covers = try systemMountPoints.map { try top.addMountPoint($0) }
        for state in spec.release.content.state {
            covers.append(try top.addMountPoint(FilePath(state.path), mode: temporaryMode(state)))
        }
        try top.addFile("/etc/hostname", .text("\(spec.id)\n"))
        try top.addFile("/etc/hosts", .text(hosts(spec, address: address, gateway: gateway)))
        try top.addFile("/etc/resolv.conf", .text(resolver))
        for file in spec.release.content.files {
            let place = try top.addFile(FilePath(file.target), .init(file))
            if let cover = covers.first(where: { place.starts(with: $0) }) {
                throw hidden("configuration file \(file.target)", by: cover)
            }
        }
        for secret in spec.release.content.secrets ?? [] {
            let place = try top.addFile(FilePath(secret.target), .mountPoint)
            if let cover = covers.first(where: { place.starts(with: $0) }) {
                throw hidden("secret \(secret.name)", by: cover)
            }
        }
        return top
    }

    private static func hidden(_ what: String, by cover: FilePath) -> LocalPlatformError {
        LocalPlatformError(
            .configFile,
            "the \(what) would never be seen",
            causes: ["something else is mounted at \(cover)"],
            hint: "give it another target"
        )
    }

    /// The runtime gives a tmpfs the mode of the folder that it covers: writable for all where all users of a system write, else
    /// for its owner. nil for volumes.
    static func temporaryMode(_ state: StateDefinition) -> UInt32? {
        guard case .tmpfs = state.kind else { return nil }
        return ["/tmp", "/var/tmp"].contains(state.path) ? 0o1777 : 0o755
    }

    /// With the fleets that the release needs: their balancers listen at the host's address on the instances' network.
    static func hosts(_ spec: InstanceSpec, address: String, gateway: String?) -> String {
        let peers = (spec.release.content.peers ?? [:]).keys.sorted().joined(separator: " ")
        return """
            127.0.0.1 localhost
            ::1 localhost ip6-localhost ip6-loopback
            \(address) \(spec.id)

            """ + (gateway.map { peers.isEmpty ? "" : "\($0) \(peers)\n" } ?? "")
    }

    /// The host's name servers, without those that only the host itself can reach.
    static func resolver(host: String) -> String {
        host.split(separator: "\n").filter { line in
            let words = line.split(separator: " ")
            guard words.first == "nameserver", words.count > 1 else {
                return words.first == "search" || words.first == "options"
            }
            return !words[1].hasPrefix("127.") && words[1] != "::1"
        }.map { $0 + "\n" }.joined()
    }
}
