import KilnSystem
import KilnTestSupport
import SystemPackage

/// A small web service on a root of nothing but busybox, for tests that need no package archive.
struct WebApp {
    let kiln: KilnProcess
    let port: Int

    static let isPossible = Files.exists("/bin/busybox")

    /// Writes the root, the page and the definition of version 1.
    init(_ kiln: KilnProcess, port: Int) async throws {
        self.kiln = kiln
        self.port = port
        try await makeRoot()
        try release("1")
    }

    /// The definition as of this version; `breaks` makes its health fail, `keys` is a further line of the fleet.
    func release(
        _ version: String,
        breaks: Bool = false,
        instances: Int = 3,
        rollout: String = Self.quick,
        keys: String = ""
    ) throws {
        try kiln.write("version \(version)\n", to: "site/index.html")
        try kiln.write(
            """
            kiln: 1
            images:
              root:
                from: tar:root.tar
              web:
                from: image:root
                version: "\(version)"
                users: [{name: web, uid: 10001}]
                files: [{source: site, target: /www}]
                entrypoint: [/bin/busybox, httpd, -f, -v, -p, "8080", -h, /www]
                user: web
                ports: {http: 8080}
                health: {http: {port: http, path: \(breaks ? "/missing" : "/")}, interval: 100ms, timeout: 1s, healthy: 2, unhealthy: 3}
                state: [{path: /data, volume: data}, {path: /tmp, tmpfs: 1MiB}]
                stop: {signal: TERM, grace: 300ms}
            fleets:
              web:
                image: web
                instances: \(instances)
                listen: 127.0.0.1:\(port)
                resources: {memory: 64MiB, cpu: 1, pids: 64}
                rollout: {\(rollout)}
                \(keys)

            """,
            to: "kiln.yaml"
        )
    }

    static let quick =
        "surge: 1, unavailable: 0, min_healthy: 200ms, healthy_deadline: 5s, progress_deadline: 20s, drain: 5s, bake: 200ms"

    private func makeRoot() async throws {
        let root = kiln.project.appending("root")
        for folder in ["bin", "etc", "www", "data", "tmp"] {
            try Files.createDirectory(root.appending(folder))
        }
        try await ToolRunner().run(
            ToolInvocation("cp", ["/bin/busybox", root.appending("bin/busybox").string])
        )
        try await ToolRunner().run(ToolInvocation("ln", ["-s", "busybox", root.appending("bin/sh").string]))
        try Files.write("root:x:0:0:root:/root:/bin/sh\n", to: root.appending("etc/passwd"))
        try Files.write("root:x:0:\n", to: root.appending("etc/group"))
        try await ToolRunner().run(
            ToolInvocation("tar", ["-C", root.string, "-cf", kiln.project.appending("root.tar").string, "."])
        )
        try Files.remove(root)
    }
}
