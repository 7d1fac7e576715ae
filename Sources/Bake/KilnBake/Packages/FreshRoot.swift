import Glibc
import KilnSystem
import SystemPackage

/// Brings up an empty root so far that its own dpkg can run in it: merged /usr, the files of the packages that dpkg
/// itself needs, and those of plain packages, which are entered into dpkg's database as unpacked.
struct FreshRoot: Sendable {
    let root: FilePath
    /// Holds the packages, each as `<name>.deb`.
    let folder: FilePath
    let tools: ToolRunner
    var preseeding = InstallOrder.Preseeding.none
    /// Lays packages out in the opposite order and one by one, which must not show.
    var isReversed = false

    /// Merged /usr: these must be links before anything is unpacked.
    private static let links = ["bin", "lib", "lib64", "sbin"]

    /// Gives the calls of dpkg that are left to do in the root.
    func prepare(_ archives: [ControlArchive], leavingAllToDpkg: Bool = false) async throws -> [InstallStep] {
        if leavingAllToDpkg { return try await leaveToDpkg(archives) }
        try makeFrame()
        let start = InstallOrder(archives.map(\.control), preseeding: preseeding).freshStart
        guard !start.bootstrap.isEmpty else {
            throw BakeError.badPackage("\(folder)", "none of the locked packages is Essential")
        }
        let laidOut = Set(start.bootstrap).union(start.plain)
        let unpacked: [String: UnpackedPackage]
        do {
            unpacked = try await unpack(archives.filter { laidOut.contains($0.control.name) }, width: 2)
        } catch is PackageDisagreement {
            return try await leaveToDpkg(archives)
        }
        if UnpackedPackage.disagree(Array(unpacked.values)) { return try await leaveToDpkg(archives) }
        let plain = archives.filter { start.plain.contains($0.control.name) }
        try DpkgDatabase(root: root).enter(plain, lists: unpacked.mapValues(\.list))
        return start.steps
    }

    /// The slow way: only what dpkg needs is laid out, one package after the other, and dpkg then unpacks everything.
    private func leaveToDpkg(_ archives: [ControlArchive]) async throws -> [InstallStep] {
        for name in try Files.list(root) { try Files.remove(root.appending(name)) }
        try makeFrame()
        let controls = archives.map { archive in
            var control = archive.control
            control.isPlain = false
            return control
        }
        let start = InstallOrder(controls, preseeding: preseeding).freshStart
        do {
            _ = try await unpack(archives.filter { start.bootstrap.contains($0.control.name) }, width: 1)
        } catch let disagreement as PackageDisagreement {
            throw disagreement.error
        }
        return start.steps
    }

    /// Several at a time, since decompression is what takes the time; the largest first. Configuration files of
    /// packages that dpkg unpacks once more are put beside their place too, where dpkg will look for them.
    private func unpack(_ archives: [ControlArchive], width: Int) async throws -> [String: UnpackedPackage] {
        let ordered = archives.sorted { size(of: $0) > size(of: $1) }
        let unpacked = try await (isReversed ? ordered.reversed() : ordered)
            .map(atOnce: isReversed ? 1 : width) { archive in
                (archive.control.name, try await unpack(archive))
            }
        return Dictionary(unpacked) { first, _ in first }
    }

    private func unpack(_ archive: ControlArchive) async throws -> UnpackedPackage {
        let file = PackageFile(path: folder.appending(archive.control.name + ".deb"), tools: tools)
        let root = root
        return try await file.read(.files) { reader in
            var unpacker = PackageUnpacker(root: root, conffiles: archive.conffiles)
            try unpacker.unpack(&reader)
            return unpacker.result
        }
    }

    private func size(of archive: ControlArchive) -> Int64 {
        Files.facts(folder.appending(archive.control.name + ".deb"))?.size ?? 0
    }

    private func makeFrame() throws {
        guard chmod(root.string, 0o755) == 0 else { throw SystemError.last("change the mode of \(root)") }
        try directory("usr")
        for name in Self.links {
            try directory("usr/" + name)
            guard symlink("usr/" + name, root.appending(name).string) == 0 else {
                throw SystemError.last("link \(root.appending(name))")
            }
        }
        for path in ["var", "var/lib"] + DpkgDatabase.folders { try directory(path) }
        for path in DpkgDatabase.emptyFiles { try Files.write("", to: root.pushing(FilePath(path))) }
    }

    /// With this very mode, whatever the umask.
    private func directory(_ path: String) throws {
        let location = root.pushing(FilePath(path))
        try Files.createDirectory(location)
        guard chmod(location.string, 0o755) == 0 else {
            throw SystemError.last("change the mode of \(location)")
        }
    }
}
