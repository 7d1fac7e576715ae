import Glibc
import KilnStore
import KilnSystem
import SystemPackage

/// A root to run commands in: the sealed layers below, under a private upper that becomes the new layer.
///
/// Without layers below it is an overlay all the same, over an empty folder: mounted `volatile`, no write in it waits
/// for the disk.
struct BakeRoot: Sendable {
    /// The merged view.
    let path: FilePath
    let upper: FilePath
    /// For a container's bundle; its name is unique on the machine.
    let bundle: FilePath

    /// Mounts the layers (lowest first) for the body, unmounts, then hands the upper over: the layer's tree.
    ///
    /// The upper is in memory when that has ample room for what is expected of it (in bytes), else on the home's disk:
    /// making ten thousand files there is a good part of a bake. `known` is what it held when it was made before.
    static func with<Result>(
        _ layers: [SealedLayer],
        expecting size: Int64? = nil,
        known: Int64? = nil,
        in workspace: BakeWorkspace,
        conditions: BakeConditions = .ordinary,
        _ body: (BakeRoot) async throws -> Void,
        upper: (FilePath, BakeSpan) async throws -> Result
    ) async throws -> Result {
        let folder = try workspace.makeFolder()
        let staging = folder.appending("staging")
        defer {
            try? Mounts.unmountAll(under: folder)
            try? Files.remove(folder)
        }
        try Files.createDirectory(staging)
        try mountMemory(at: staging, expecting: size, known: known, unlike: conditions.isReversed)
        let start = try BakeSpan.now(in: staging)
        let changes = OverlayMount.Upper(
            directory: staging.appending("upper"),
            work: staging.appending("work"),
            isVolatile: true
        )
        try Files.createDirectory(changes.directory)
        try Files.createDirectory(changes.work)
        let mount = OverlayMount(layers: layers, at: folder.appending("mount"), upper: changes)
        try await mount.with { path in
            try copyRootMode(
                from: layers.indices.last.map { mount.directory.appending(String($0)) },
                to: path
            )
            try await body(BakeRoot(path: path, upper: changes.directory, bundle: folder))
        }
        return try await upper(
            changes.directory,
            BakeSpan(folder: staging, start: start, shift: conditions.clockShift)
        )
    }

    /// `unlike` takes the other medium than an ordinary bake would, where what the layer held the last time (`known`) leaves
    /// no doubt that there is room.
    private static func mountMemory(
        at folder: FilePath,
        expecting size: Int64?,
        known: Int64?,
        unlike: Bool
    ) throws {
        guard let available = try Memory.available() else { return }
        let isOrdinary = size.map { $0 < available / 4 } ?? false
        let hasRoom = unlike ? !isOrdinary && known.map { $0 < available / 8 } ?? false : isOrdinary
        guard hasRoom else { return }
        try Mounts.mount(
            "kiln-bake",
            at: folder,
            type: "tmpfs",
            flags: .noDevices,
            options: "mode=0700,size=\(available / 2)"
        )
    }

    /// In an overlay the upper's root decides; it shall say what the topmost layer said, whatever the umask.
    private static func copyRootMode(from layer: FilePath?, to root: FilePath) throws {
        let facts = layer.flatMap { Files.facts($0) }
        guard chown(root.string, facts?.userID ?? 0, facts?.groupID ?? 0) == 0,
            chmod(root.string, mode_t(facts?.mode ?? 0o755)) == 0
        else { throw SystemError.last("change the mode of \(root)") }
    }
}

/// The machine's memory (proc_meminfo(5)).
enum Memory {
    /// Bytes that programs can have without swapping.
    static func available() throws -> Int64? {
        let lines = try Files.readText("/proc/meminfo").split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("MemAvailable:") }) else { return nil }
        return line.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 }
    }
}
