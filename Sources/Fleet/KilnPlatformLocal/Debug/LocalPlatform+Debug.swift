package import KilnDefinition
package import KilnFleet
package import KilnOCI
import KilnStore
package import KilnSystem
import SystemPackage

// Tools of a person beside an instance that is condemned and out of traffic.
extension LocalPlatform {
    private static let shells = ["/bin/bash", "/bin/sh"]

    /// The command to run of the image, its shell where none is given. Throws, with nothing done, for an image that has no such
    /// program.
    package func words(of image: Digest, named name: String, _ command: [String]) async throws -> [String] {
        let (tree, variables) = try await toolsTree(of: image)
        if let program = command.first {
            let path = variables.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? Substring(ToolsBundle.path)
            let places =
                program.contains("/") ? [program] : path.split(separator: ":").map { "\($0)/\(program)" }
            if places.contains(where: tree.runs) { return command }
            throw LocalPlatformError(.program, "image \(name) has no program \(program)")
        }
        if let shell = Self.shells.first(where: tree.runs) { return [shell] }
        throw LocalPlatformError(
            .program,
            "image \(name) has no shell",
            hint: "--tools IMAGE takes the tools of another image of the store; or give a command after --"
        )
    }

    private func toolsTree(of image: Digest) async throws -> (RootResolver, [String]) {
        let image = try await RootImage.load(image, from: ImageStore(home: home))
        let variables = image.config.config?.env ?? []
        return (try await RootMounts(home: home).tree(of: image), variables)
    }

    /// Joins tools of the image to the instance on the caller's own terminal or streams, until they end or `cut` is requested.
    package func join(
        _ session: ToolsSession,
        of image: Digest,
        to instance: InstanceID,
        of fleet: FleetName,
        cut: StopSignal
    ) async throws -> ToolStatus {
        let tools = DebugTools(
            paths: FleetPaths(home: home, fleet: fleet).instance(instance),
            runner: ToolRunner()
        )
        let image = try await RootImage.load(image, from: ImageStore(home: home))
        let invocation = try await tools.prepare(session, on: image)
        let status = try await withThrowingTaskGroup(of: ToolStatus?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await TerminalSession.runTied(invocation) }
            group.addTask {
                await cut.wait()
                if cut.isRequested { try await tools.cutOff() }
                return nil
            }
            while let status = try await group.next() { if let status { return status } }
            throw CancellationError()
        }
        let troubles = tools.troubles()
        guard status == .exited(0) || troubles.isEmpty || cut.isRequested else {
            throw LocalPlatformError(
                Container.blamesProgram(troubles.joined()) ? .program : .start,
                "the tools cannot be joined to \(instance)",
                causes: troubles
            )
        }
        return status
    }

    package func endTools(at instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        let paths = FleetPaths(home: home, fleet: fleet).instance(instance)
        try await fence(paths.fleet).pass(token) {
            try await DebugTools(paths: paths, runner: ToolRunner()).end()
        }
    }
}

extension RootResolver {
    /// Whether there is a file that can be executed.
    fileprivate func runs(_ program: String) -> Bool {
        guard let facts = resolve(FilePath(program))?.facts else { return false }
        return facts.kind == .file && facts.mode & 0o111 != 0
    }
}
