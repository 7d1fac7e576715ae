import Glibc
import KilnDefinition
import KilnSystem
import SystemPackage

/// Copies of what a fleet's listeners show to clients: files in memory that is never swapped (ramfs), for root alone. They are
/// gone with the fleet, and with the boot.
struct ListenerFolder: Sendable {
    let path: FilePath

    func certificate(of address: ListenAddress) -> FilePath { file(address, "pem") }
    func clientCA(of address: ListenAddress) -> FilePath { file(address, "ca") }
    /// What was refused last, so that it is told once.
    func refused(of address: ListenAddress) -> FilePath { file(address, "refused") }

    private func file(_ address: ListenAddress, _ suffix: String) -> FilePath {
        let name = String("\(address)".map { $0.isHexDigit ? $0 : "-" })
        return path.appending("\(name).\(suffix)")
    }

    func make() throws {
        try Files.createDirectory(path.removingLastComponent(), mode: 0o700)
        try Files.createDirectory(path, mode: 0o700)
        if try MountTable.current().under(path).contains(where: { $0.target == path }) { return }
        try Mounts.mount(
            "kiln-certificates",
            at: path,
            type: "ramfs",
            flags: [.noSetUserID, .noDevices],
            options: "mode=0700"
        )
    }

    /// Whether it holds what a listener needs.
    func holds(_ listener: Listener) -> Bool {
        Files.exists(certificate(of: listener.address))
            && (listener.tls?.clientCA == nil || Files.exists(clientCA(of: listener.address)))
    }

    /// Whether it holds just that.
    func holds(_ material: ListenerMaterial, for address: ListenAddress) -> Bool {
        text(certificate(of: address)) == material.bundle && text(clientCA(of: address)) == material.clientCA
    }

    func write(_ material: ListenerMaterial, for address: ListenAddress) throws {
        try write(material.bundle, to: certificate(of: address))
        if let authorities = material.clientCA {
            try write(authorities, to: clientCA(of: address))
        } else {
            try Files.remove(clientCA(of: address))
        }
        try Files.remove(refused(of: address))
    }

    func refuse(_ what: String, for address: ListenAddress) throws {
        try write(what, to: refused(of: address))
    }

    func wasRefused(_ what: String, for address: ListenAddress) -> Bool { text(refused(of: address)) == what }

    func dates(of address: ListenAddress) -> CertificateDates? {
        guard let bytes = try? Files.read(certificate(of: address), limit: 1 << 20) else { return nil }
        return PEMText(bytes).blocks.first.flatMap(CertificateDates.init)
    }

    func trial(_ suffix: String) -> FilePath { path.appending("trial.\(suffix)") }

    /// A fleet that was only asked about leaves no folder.
    func endTrial() throws {
        for suffix in ["pem", "ca", "cfg"] { try Files.remove(trial(suffix)) }
        if try Files.list(path).isEmpty { try remove() }
    }

    /// Leaves nothing of listeners that are no more.
    func keep(only listeners: [Listener]) throws {
        let addresses = listeners.filter { $0.tls != nil }.map(\.address)
        if addresses.isEmpty { return try remove() }
        let kept = addresses.flatMap { [certificate(of: $0), clientCA(of: $0), refused(of: $0)] }
        guard Files.exists(path) else { return }
        for name in try Files.list(path) where !kept.contains(path.appending(name)) {
            try Files.remove(path.appending(name))
        }
    }

    func remove() throws {
        guard Files.exists(path) else { return }
        try Mounts.unmountAll(under: path)
        try Files.remove(path)
        // While it holds nobody else's.
        rmdir(path.removingLastComponent().string)
    }

    func write(_ text: String, to file: FilePath) throws {
        try Files.write(text, to: file, mode: 0o600, synced: false)
    }

    private func text(_ file: FilePath) -> String? { try? Files.readText(file) }
}
