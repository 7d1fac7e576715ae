import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// The built `kiln`, run in a project folder and a home of the test's own.
struct KilnProcess {
    struct Result {
        let status: ToolStatus
        let output: String
        let messages: String

        var code: Int32? {
            if case .exited(let code) = status { code } else { nil }
        }
    }

    let project: FilePath
    let home: KilnHome
    var environment: [String: String?] = [:]

    init(_ sandbox: Sandbox, project: String = "project", home: String = "home") throws {
        try self.init(sandbox, project: project, homePath: sandbox.path.appending(home))
    }

    init(_ sandbox: Sandbox, project: String, homePath: FilePath) throws {
        self.project = sandbox.path.appending(project)
        home = KilnHome(root: homePath)
        try Files.createDirectory(self.project)
        let runtime = self.home.runtime
        sandbox.onExit {
            try Mounts.unmountAll(under: runtime)
            try Files.remove(runtime)
        }
    }

    /// `$KILN_BIN`, else the one built beside the tests.
    static var executable: String {
        get throws {
            if let path = getenv("KILN_BIN") { return String(cString: path) }
            let built = Golden.project.appending(".build/debug/kiln")
            try #require(Files.exists(built), "build first: swift build --product kiln")
            return built.string
        }
    }

    func invocation(_ arguments: [String]) throws -> ToolInvocation {
        var variables = environment
        variables["KILN_HOME"] = home.root.string
        variables["NO_COLOR"] = "1"
        return ToolInvocation(
            try Self.executable,
            arguments,
            environment: variables,
            workingDirectory: project
        )
    }

    @discardableResult
    func run(_ arguments: String...) async throws -> Result {
        let output = try await ToolRunner().runUnchecked(invocation(arguments))
        return Result(status: output.status, output: output.text, messages: output.errorText)
    }

    /// Runs and expects success; shows what was said otherwise.
    @discardableResult
    func succeed(
        _ arguments: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Result {
        let output = try await ToolRunner().runUnchecked(invocation(arguments))
        let result = Result(status: output.status, output: output.text, messages: output.errorText)
        try #require(
            result.code == 0,
            "kiln \(arguments.joined(separator: " ")): \(result.messages)\(result.output)",
            sourceLocation: sourceLocation
        )
        return result
    }

    /// The first line of a command that goes on, whose reader then leaves: it must end by itself.
    func firstLine(_ arguments: String...) async throws -> String {
        try await ToolRunner().run(
            ToolInvocation(
                "bash",
                ["-c", "\(try invocation(arguments).commandLine) | head -1"],
                workingDirectory: project
            )
        ).text
    }

    func write(_ text: String, to name: String, mode: UInt16 = 0o644) throws {
        let file = project.pushing(FilePath(name))
        try Files.createDirectory(file.removingLastComponent())
        try Files.write(text, to: file, mode: mode)
    }
}
