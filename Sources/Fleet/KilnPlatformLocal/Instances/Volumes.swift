import Glibc
import KilnDefinition
import KilnFleet
import KilnSystem
import SystemPackage

/// The fleet's declared state on the host's disk: kept when instances end.
enum Volumes {
    /// Slots lie beside the volume of the same name, never inside: an instance writes what it likes into its volumes, symlinks
    /// too, so nothing that is mounted elsewhere may lie in one. No volume's name has a dot.
    static func path(
        _ name: String,
        _ access: StateDefinition.Access,
        slot: Int,
        in volumes: FilePath
    ) -> FilePath {
        access == .perSlot
            ? volumes.appending("\(name).slots").appending("\(slot)") : volumes.appending(name)
    }

    /// Makes the folders of the volumes that do not exist yet, owned by the instance's user. What exists stays as it is.
    ///
    /// `modes` are those of the folders that the image has at the same paths.
    static func create(
        for spec: InstanceSpec,
        of fleet: FleetPaths,
        owner: ImageUser,
        modes: [String: UInt32]
    ) async throws {
        try await FileLock.with(fleet.home.runtime.appending("volumes.lock")) {
            for item in spec.release.content.state {
                guard case .volume(let name, let access) = item.kind else { continue }
                let folder = path(name, access, slot: spec.slot, in: fleet.volumes)
                try Files.createDirectory(fleet.volumes, mode: 0o700)
                if access == .perSlot { try makeFolder(folder.removingLastComponent()) }
                if try isFolder(folder) { continue }
                try create(folder, owner: owner, mode: modes[item.path] ?? 0o755)
            }
        }
    }

    /// Takes its name last, since a folder that exists is taken as it is.
    private static func create(_ folder: FilePath, owner: ImageUser, mode: UInt32) throws {
        let fresh = folder.removingLastComponent().appending(".\(folder.lastComponent?.string ?? "").new")
        try makeFolder(fresh)
        guard lchown(fresh.string, owner.uid, owner.gid) == 0, chmod(fresh.string, mode) == 0 else {
            throw SystemError.last("set the owner of \(fresh)")
        }
        try Files.rename(fresh, to: folder)
    }

    private static func makeFolder(_ folder: FilePath) throws {
        if try !isFolder(folder) { try Files.createDirectory(folder, mode: 0o700) }
    }

    /// False when there is nothing; throws for anything but a folder, since what a symlink names would be handed out.
    private static func isFolder(_ path: FilePath) throws -> Bool {
        guard let facts = Files.facts(path) else { return false }
        guard facts.kind == .directory else {
            throw LocalPlatformError(
                .state,
                "the volume \(path) is no folder",
                causes: ["instances are given folders only, and no symlink is followed to one"],
                hint: "move it away; to keep a volume on another disk, mount that disk there"
            )
        }
        return true
    }
}
