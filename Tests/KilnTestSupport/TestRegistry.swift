import KilnSystem
import SystemPackage
import Testing

/// Debian's docker-registry (distribution 2.8) on loopback, with its data in the test's own folder.
package struct TestRegistry {
    package static let isInstalled = Files.exists("/usr/bin/docker-registry")

    package let host: String

    package static func with(
        _ sandbox: Sandbox,
        port: Int,
        login: (user: String, password: String)? = nil,
        _ body: (TestRegistry) async throws -> Void
    ) async throws {
        let configuration = try await configure(sandbox, port, login)
        let registry = TestRegistry(host: "127.0.0.1:\(port)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try await ToolRunner().stream(
                    ToolInvocation("docker-registry", ["serve", configuration.string])
                ) { _ in }
            }
            defer { group.cancelAll() }
            try await eventually(within: 120, "the registry answers") { try await registry.answers() }
            try await body(registry)
        }
    }

    private static func configure(
        _ sandbox: Sandbox,
        _ port: Int,
        _ login: (user: String, password: String)?
    ) async throws -> FilePath {
        var auth = ""
        if let login {
            let script =
                "import crypt, sys; print(crypt.crypt(sys.argv[1], crypt.mksalt(crypt.METHOD_BLOWFISH)))"
            let hash = try await ToolRunner().run(
                ToolInvocation("/usr/bin/python3", ["-W", "ignore", "-c", script, login.password])
            ).text
            let file = try sandbox.write("\(login.user):\(hash)", to: "registry-\(port)/htpasswd")
            auth = "auth: {htpasswd: {realm: test, path: \(file)}}\n"
        }
        let data = sandbox.path.appending("registry-\(port)").appending("data")
        return try sandbox.write(
            """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(data)}, delete: {enabled: true}}
            http: {addr: 127.0.0.1:\(port)}
            \(auth)
            """,
            to: "registry-\(port)/config.yml"
        )
    }

    private func answers() async throws -> Bool {
        let probe = ToolInvocation("curl", ["--silent", "--output", "/dev/null", "http://\(host)/v2/"])
        return try await ToolRunner().runUnchecked(probe).status == .exited(0)
    }
}
