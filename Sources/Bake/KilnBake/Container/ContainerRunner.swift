import Glibc
import KilnDiagnostics
import KilnOCI
import KilnSystem
import SystemPackage

/// Runs bake containers with runc, and leaves nothing of them behind however they end.
struct ContainerRunner: Sendable {
    private let home: KilnHome
    private let tools: ToolRunner
    private let log: OutputLog?
    private let inspector: (any SandboxInspector)?
    private let conditions: BakeConditions
    private let clock: FalseClock?
    private let movedClocks: MovedClocks
    private static let keptLines = 20

    struct Outcome: Sendable {
        var status: ToolStatus
        var lastLines: [String] = []
        var lineCount = 0
        /// Where all lines are, when there are more than the last ones.
        var log: FilePath?
        /// What was unlike in an ordinary bake.
        var circumstances: [String] = []
        /// It never came to the command: its secrets could not be put where it reads them.
        var lacksSecrets = false
    }

    init(
        home: KilnHome,
        tools: ToolRunner = ToolRunner(),
        log: OutputLog? = nil,
        inspector: (any SandboxInspector)? = nil,
        conditions: BakeConditions = .ordinary,
        movedClocks: MovedClocks = MovedClocks()
    ) {
        self.home = home
        self.tools = tools
        self.log = log
        self.inspector = inspector
        self.conditions = conditions
        self.movedClocks = movedClocks
        clock = conditions.clockShift == 0 ? nil : FalseClock.installed()
    }

    /// Runs to the end, and throws what `failure` makes of any status but 0. `scratch` is a folder of this run's own;
    /// its name, made unique by the caller, also names the container.
    func run(
        _ container: BakeContainer,
        root: FilePath,
        scratch: FilePath,
        work: WorkID,
        failure: (Outcome) throws -> BakeError
    ) async throws {
        var container = moved(container, root: root, work: work)
        // What a failed command left in memory would end with its mounts.
        if inspector != nil { container.memory = try Self.mountMemory(in: scratch) }
        let run = ContainerRun(container: container, root: root, scratch: scratch, home: home)
        let missing = Self.missing(container.mountPoints, in: root)
        defer {
            run.remains.clear()
            for path in missing.reversed() { LayerTree(root: root).removeMountPoint(path) }
        }
        var outcome = try await execute(run, work: work)
        guard outcome.status != .exited(0) else { return }
        outcome.circumstances = conditions.circumstances(clockWasMoved: movedClocks.contains(work))
        outcome.lacksSecrets = container.secrets.map { !$0.wereHandedOver } ?? false
        let error = try failure(outcome)
        if let inspector, !outcome.lacksSecrets {
            run.remains.clear()
            try await inspector.inspect(run.failed(error.diagnostics))
        }
        throw error
    }

    private func execute(_ run: ContainerRun, work: WorkID) async throws -> Outcome {
        try Files.createDirectory(home.runtime)
        let invocation = try run.prepare(run.container)
        var outcome = Outcome(status: .exited(0))
        var writer = try log?.open()
        var scrubber = SecretScrubber(run.container.secrets?.secrets ?? [])
        func take(_ line: String) {
            Progress.report(.output(work, line: line))
            writer?.write(line)
            outcome.lineCount += 1
            if outcome.lastLines.count == Self.keptLines { outcome.lastLines.removeFirst() }
            outcome.lastLines.append(line)
        }
        outcome.status = try await withTaskCancellationHandler {
            let status = try await tools.stream(invocation) { take(scrubber.scrub($0)) }
            if let rest = scrubber.rest() { take(rest) }
            return status
        } onCancel: {
            // runc would pass on a polite signal, to which a script as process 1 is deaf.
            run.remains.kill()
        }
        try Task.checkCancellation()
        if outcome.status == .exited(0) || outcome.lineCount <= Self.keptLines {
            writer?.dropFormer()
        } else {
            outcome.log = writer?.keep()
        }
        return outcome
    }

    /// Stands in for the container's own `/tmp` and `/run`.
    private static func mountMemory(in scratch: FilePath) throws -> FilePath {
        let memory = scratch.appending("memory")
        try Files.createDirectory(memory)
        try Mounts.mount(
            "kiln-bake",
            at: memory,
            type: "tmpfs",
            flags: .noDevices,
            options: "mode=0700,size=50%"
        )
        for (name, mode) in [("tmp", 0o1777), ("run", 0o755)] {
            let folder = memory.appending(name)
            try Files.createDirectory(folder)
            guard chmod(folder.string, mode_t(mode)) == 0 else {
                throw SystemError.last("change the mode of \(folder)")
            }
        }
        return memory
    }

    /// The container with its clock moved, where the conditions ask for that and its programs can be told.
    private func moved(_ container: BakeContainer, root: FilePath, work: WorkID) -> BakeContainer {
        guard let clock, clock.isLoadable(in: root) else { return container }
        let library = BakeContainer.folder + "/faketime.so"
        var moved = container
        moved.binds.append(.init(source: clock.library, target: library))
        moved.environment.merge(FalseClock.environment(library: library, shift: conditions.clockShift)) { $1 }
        movedClocks.insert(work)
        return moved
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
