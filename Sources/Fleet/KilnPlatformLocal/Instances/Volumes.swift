import Glibc
import KilnDefinition
import KilnFleet
import KilnSystem
import SystemPackage

/// The fleet's declared state on the host's disk: kept when instances end.
enum Volumes {
    static func path(
        _ name: String,
        _ access: StateDefinition.Access,
        slot: Int,
        in volumes: FilePath
    ) -> FilePath {
        let volume = volumes.appending(name)
        return access == .perSlot ? volume.appending("\(slot)") : volume
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
                if Files.exists(folder) { continue }
                try Files.createDirectory(fleet.volumes, mode: 0o700)
                try create(folder, owner: owner, mode: modes[item.path] ?? 0o755)
            }
        }
    }

    /// Takes its name last, since a folder that exists is taken as it is.
    private static func create(_ folder: FilePath, owner: ImageUser, mode: UInt32) throws {
        let fresh = folder.removingLastComponent().appending(".\(folder.lastComponent?.string ?? "").new")
        try Files.createDirectory(fresh)
        guard chown(fresh.string, owner.uid, owner.gid) == 0, chmod(fresh.string, mode) == 0 else {
            throw SystemError.last("set the owner of \(fresh)")
        }
        try Files.rename(fresh, to: folder)
    }
}
