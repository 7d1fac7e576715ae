import KilnDiagnostics
import KilnOCI
import KilnSystem
import SystemPackage

/// Runs bake containers with runc, and leaves nothing of them behind however they end.
struct ContainerRunner: Sendable {
    private let home: KilnHome
    private let tools: ToolRunner
    private static let keptLines = 20

    struct Outcome: Sendable {
        let status: ToolStatus
        let lastLines: [String]
    }

    init(home: KilnHome, tools: ToolRunner = ToolRunner()) {
        self.home = home
        self.tools = tools
    }

    /// Runs to the end, whatever the status. `scratch` is a folder of this run's own; its name, made unique by the
    /// caller, also names the container.
    func run(
        _ container: BakeContainer,
        root: FilePath,
        scratch: FilePath,
        work: WorkID
    ) async throws -> Outcome {
        let remains = ContainerRemains(home: home, id: scratch.lastComponent?.string ?? "bake")
        try Files.createDirectory(home.runtime)
        try Files.write(
            try CanonicalJSON.encode(container.spec(root: root, id: remains.id)),
            to: scratch.appending("config.json")
        )
        let invocation = ToolInvocation(
            "runc",
            [
                "--root", remains.stateRoot.string, "run", "--bundle", scratch.string, remains.id,
            ]
        )
        let missing = Self.missing(container.mountPoints, in: root)
        defer {
            remains.clear()
            for path in missing.reversed() { LayerTree(root: root).removeMountPoint(path) }
        }
        var lines: [String] = []
        let status = try await withTaskCancellationHandler {
            try await tools.stream(invocation) { line in
                Progress.report(.output(work, line: line))
                if lines.count == Self.keptLines { lines.removeFirst() }
                lines.append(line)
            }
        } onCancel: {
            // runc would pass on a polite signal, to which a script as process 1 is deaf.
            remains.kill()
        }
        try Task.checkCancellation()
        return Outcome(status: status, lastLines: lines)
    }

    /// The mount points, and the folders above them, that runc will have to make in the root; outermost first.
    private static func missing(_ mountPoints: [String], in root: FilePath) -> [String] {
        var missing: [String] = []
        for mountPoint in mountPoints {
            var path = ""
            for name in mountPoint.split(separator: "/") {
                path += (path.isEmpty ? "" : "/") + name
                if !Files.exists(root.pushing(FilePath(path))), !missing.contains(path) {
                    missing.append(path)
                }
            }
        }
        return missing
    }
}
