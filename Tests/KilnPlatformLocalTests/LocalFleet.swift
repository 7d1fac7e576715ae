import Glibc
import KilnArchive
import KilnDefinition
import KilnDrift
import KilnFleet
import KilnOCI
import KilnPlatformLocal
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// A fleet of tiny web servers in a home of its own, on the real platform.
struct LocalFleet {
    let home: KilnHome
    let platform: LocalPlatform
    let settings: FleetSettings
    let image: Digest
    let token = FencingToken(7)

    var name: FleetName { settings.fleet }
    var paths: FleetPaths { FleetPaths(home: home, fleet: name) }

    /// Everything ends with the body, and nothing is left.
    static func with<Result>(
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (LocalFleet, Sandbox) async throws -> Result
    ) async throws -> Result {
        try await Sandbox.with { sandbox in
            let fleet = try await LocalFleet(sandbox)
            sandbox.onExit { try await fleet.destroyAll() }
            try await fleet.platform.converge(fleet.settings, token: fleet.token)
            let result = try await body(fleet, sandbox)
            try await fleet.destroyAll()
            let leftovers = try LeftBehind.of(fleet.home)
            #expect(leftovers == [], sourceLocation: sourceLocation)
            return result
        }
    }

    init(_ sandbox: Sandbox, name: FleetName = "web") async throws {
        home = sandbox.home
        platform = LocalPlatform(home: home)
        settings = FleetSettings(
            fleet: name,
            listen: Listeners(ListenAddress(address: "127.0.0.1", port: try FreePort.find()))
        )
        image = try await BusyboxImage.store(in: ImageStore(home: home))
        try Files.write("\(image)", to: sandbox.path.appending("image"))
    }

    /// The fleet of another process's sandbox.
    init(joining sandbox: FilePath) throws {
        home = KilnHome(root: sandbox.appending("home"))
        platform = LocalPlatform(home: home)
        let paths = FleetPaths(home: home, fleet: "web")
        settings = try CanonicalJSON.decode(FleetSettings.self, from: try Files.read(paths.settings))
        image = try Digest(parsing: try Files.readText(sandbox.appending("image")))
    }

    func spec(
        _ suffix: String,
        slot: Int = 0,
        _ change: (inout ReleaseContent) -> Void = { _ in }
    ) -> InstanceSpec {
        var content = ReleaseContent(
            image: image,
            imageName: "web",
            imageVersion: "1",
            env: ["GREETING": "hello"],
            files: [
                ConfigFile(
                    target: "/etc/web/web.conf",
                    userID: 1000,
                    groupID: 1000,
                    mode: 0o640,
                    content: Array("answer=42\n".utf8)
                )
            ],
            health: HealthDefinition(probe: .http(port: 8080, path: "/index.html")),
            state: [
                StateDefinition(path: "/var/lib/web", kind: .volume("data", .shared)),
                StateDefinition(path: "/tmp", kind: .tmpfs(size: 1 << 20)),
            ],
            stop: StopDefinition(signal: "TERM", grace: .seconds(2)),
            resources: ResourceDefinition(memory: 64 << 20, cpu: 0.5, pids: 64),
            ports: ["http": 8080]
        )
        change(&content)
        let release = Release(
            fleet: name,
            number: ReleaseNumber(rawValue: 1),
            content: content,
            created: 0
        )
        return InstanceSpec(id: InstanceID("\(name)-1-\(suffix)"), slot: slot, release: release)
    }

    @discardableResult
    func start(
        _ suffix: String,
        slot: Int = 0,
        routed: Bool = false,
        _ change: (inout ReleaseContent) -> Void = { _ in }
    ) async throws -> InstanceObservation {
        let spec = spec(suffix, slot: slot, change)
        try await platform.create(spec, token: token)
        try await waitUntilHealthy(spec.id)
        if routed { try await platform.route(spec.id, of: name, token: token) }
        return try await observe(spec.id)
    }

    /// The manifest of an image that is like the fleet's but for what it starts.
    func image(entrypoint: [String]) async throws -> Digest {
        try await BusyboxImage.store(in: ImageStore(home: home), entrypoint: entrypoint)
    }

    /// The first line of that of these files which the instance's control groups have.
    func limit(_ id: InstanceID, _ names: [String]) throws -> String? {
        let folders = try Cgroups.current(of: home).folders(id, of: name)
        return folders.flatMap { folder in names.map { folder.appending($0) } }
            .compactMap { try? Files.readText($0) }.first?.split(separator: "\n").first.map(String.init)
    }

    func observe(_ id: InstanceID) async throws -> InstanceObservation {
        try #require(try await platform.observe(name).first { $0.spec.id == id })
    }

    func waitUntilHealthy(_ id: InstanceID) async throws {
        var last = ProbeResult.failed(reason: "not asked")
        try await eventually("\(id) is healthy") {
            last = await platform.probe(try await observe(id))
            return last == .passed
        }
    }

    /// A request through the balancer: the status and the body.
    func get(_ path: String = "/index.html", seconds: Int = 10) async throws -> String {
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation(
                "curl",
                [
                    "-s", "-m", "\(seconds)", "-w", " %{http_code}",
                    "http://\(settings.listen?.description ?? "")\(path)",
                ]
            )
        )
        return output.text
    }

    /// A command inside the instance, with its user and limits.
    func inside(_ id: InstanceID, _ script: String) async throws -> ToolOutput {
        try await ToolRunner().runUnchecked(
            ToolInvocation(
                "runc",
                [
                    "--root", paths.instance(id).containers.string, "exec", id.description, "/bin/sh", "-c",
                    script,
                ]
            )
        )
    }

    /// What differs from releases that were made as `spec` makes them.
    func drift(
        readingEverything: Bool = false,
        _ change: (inout ReleaseContent) -> Void = { _ in }
    ) async throws -> [DriftFinding] {
        let releases = [spec("any", change).release]
        return try await platform.drift(of: name, releases: releases, readingEverything: readingEverything)
            .findings
    }

    /// What a replacement does, without a rollout: another instance in the place of this one.
    func replace(_ id: InstanceID, by suffix: String) async throws {
        try await platform.retireAltered(of: name, token: token)
        try await start(suffix, routed: true)
        try await platform.destroy(id, of: name, token: token)
    }

    func converge() async throws {
        try await platform.converge(settings, token: token)
    }

    /// The number of the instance's first process.
    func pid(of id: InstanceID) async throws -> Int32 {
        let process = try await observe(id).process
        guard case .running(let pid) = process else { throw Unexpected(process) }
        return pid
    }

    /// A process of the host that enters the instance and stays until the sandbox ends.
    func enter(_ id: InstanceID, _ sandbox: Sandbox, _ words: [String]) async throws -> ProcessIdentity {
        let pid = try await pid(of: id)
        let visitor = try await Background.start(["nsenter", "-t", "\(pid)"] + words, sandbox)
        try await eventually("\(words) is inside") {
            ProcessIdentity.arguments(of: visitor.pid).first != "nsenter"
        }
        return visitor
    }

    /// What the balancer says to a command on its socket.
    @discardableResult
    func tellBalancer(_ command: String) async throws -> String {
        try await ToolRunner().runUnchecked(
            ToolInvocation("sh", ["-c", "echo '\(command)' | socat - UNIX-CONNECT:\(paths.balancerSocket)"])
        ).text
    }

    func destroyAll() async throws {
        for instance in try paths.instances() {
            try await platform.destroy(instance.id, of: name, token: token)
        }
        try await platform.removeFleet(name, volumes: true, token: token)
    }
}

enum Background {
    /// Starts a process that goes on beside the test and is killed when the sandbox ends.
    static func start(_ words: [String], _ sandbox: Sandbox) async throws -> ProcessIdentity {
        let file = sandbox.path.appending("background-\(UInt32.random(in: 0...UInt32.max))")
        let script = "setsid sh -c 'echo $$ > \(file); exec \"$@\"' sh \"$@\" > /dev/null 2>&1 < /dev/null &"
        try await ToolRunner().run(ToolInvocation("sh", ["-c", script, "sh"] + words))
        var process: ProcessIdentity?
        try await eventually("\(words) has begun") {
            process = ProcessIdentity(file: file)
            guard let process else { return false }
            // The shell has given way to it.
            return !ProcessIdentity.arguments(of: process.pid).contains { $0.hasPrefix("echo $$ >") }
        }
        let started = try #require(process)
        sandbox.onExit { started.signal(SIGKILL) }
        return started
    }
}

enum FreePort {
    /// A port that nobody listens on just now.
    static func find() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, size)
                _ = getsockname(descriptor, $0, &size)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }
}
