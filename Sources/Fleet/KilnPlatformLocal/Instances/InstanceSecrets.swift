import Glibc
import KilnFleet
import KilnSystem
import SystemPackage

/// Puts an instance's secrets where it alone reads them: files in memory that is never swapped (ramfs), for its user only. They
/// are gone with the instance, and with the boot.
enum InstanceSecrets {
    static func mount(
        _ spec: InstanceSpec,
        from store: any SecretStore,
        for user: ImageUser,
        at paths: InstancePaths
    ) async throws {
        guard let secrets = spec.release.content.secrets, !secrets.isEmpty else { return }
        // All of them first: an instance has every value, or is not made.
        var values: [[UInt8]] = []
        for secret in secrets { values.append(try await secret.read(from: store)) }
        try Files.createDirectory(paths.secrets, mode: 0o700)
        try Mounts.mount(
            "kiln-secrets",
            at: paths.secrets,
            type: "ramfs",
            flags: [.noSetUserID, .noDevices],
            options: "mode=0700"
        )
        for (secret, value) in zip(secrets, values) {
            let file = paths.secrets.appending(secret.name)
            try Files.write(value, to: file, mode: 0o400, synced: false)
            guard chown(file.string, user.uid, user.gid) == 0 else {
                throw SystemError.last("give \(file) to its user")
            }
        }
    }

    static func binds(_ spec: InstanceSpec, at paths: InstancePaths) -> [RuntimeSpec.Mount] {
        (spec.release.content.secrets ?? []).map { secret in
            RuntimeSpec.Mount(
                destination: secret.target,
                type: "bind",
                source: paths.secrets.appending(secret.name).string,
                options: ["bind", "ro", "nosuid", "nodev", "noexec"]
            )
        }
    }
}
