import Glibc
import KilnDiagnostics
import KilnOCI
import KilnSystem
import SystemPackage

/// One run of a container in a root, and what may follow it there.
struct ContainerRun: Sendable {
    let container: BakeContainer
    let root: FilePath
    /// The bundle; its name is the container's.
    let scratch: FilePath
    let remains: ContainerRemains

    init(container: BakeContainer, root: FilePath, scratch: FilePath, home: KilnHome) {
        self.container = container
        self.root = root
        self.scratch = scratch
        remains = ContainerRemains(home: home, id: scratch.lastComponent?.string ?? "bake")
    }

    /// Writes the bundle, and gives the command that runs it.
    func prepare(_ container: BakeContainer) throws -> ToolInvocation {
        try Files.write(
            try CanonicalJSON.encode(container.spec(root: root, id: remains.id)),
            to: scratch.appending("config.json"),
            synced: false
        )
        let invocation = ToolInvocation(
            "runc",
            ["--root", remains.stateRoot.string, "run", "--bundle", scratch.string, remains.id]
        )
        return try container.secrets?.around(invocation) ?? invocation
    }

    func failed(_ diagnostics: [Diagnostic]) -> FailedSandbox {
        let shell = ["/bin/bash", "/bin/sh"].first {
            Files.exists(root.pushing(FilePath(String($0.dropFirst()))))
        }
        return FailedSandbox(
            diagnostics: diagnostics,
            shell: shell,
            open: {
                guard let shell else { return }
                var session = container
                session.arguments = [shell]
                // They were the step's alone.
                session.secrets = nil
                session.isInteractive = true
                session.environment["TERM"] = getenv("TERM").map { String(cString: $0) } ?? "dumb"
                session.environment["BASH_ENV"] = nil
                let invocation = try prepare(session)
                defer { remains.clear() }
                try await TerminalSession.run(invocation)
            },
            close: { remains.kill() }
        )
    }
}
