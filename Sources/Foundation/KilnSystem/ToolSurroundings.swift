/// What the tools of a piece of work run in, beside what their invocations say.
package struct ToolSurroundings: Sendable, Hashable {
    /// Variables that tools inherit, unless their invocation sets them itself.
    package var environment: [String: String]
    /// The only CPU that tools, and all that they start, may use.
    package var cpu: Int?

    package init(environment: [String: String] = [:], cpu: Int? = nil) {
        self.environment = environment
        self.cpu = cpu
    }

    @TaskLocal package static var current = ToolSurroundings()

    func applied(to invocation: ToolInvocation) -> ToolInvocation {
        var result = invocation
        if !invocation.clearsEnvironment {
            result.environment = invocation.environment.merging(environment.mapValues(Optional.some)) {
                own,
                _ in own
            }
        }
        if let cpu {
            result.arguments =
                ["--cpu-list", String(cpu), invocation.executable] + invocation.arguments
            result.executable = "taskset"
        }
        return result
    }
}
