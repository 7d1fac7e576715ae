/// A third party's server program as a fleet: Debian's package, unmodified, with no more than its configuration or the few
/// lines that an application is.
struct Program: Sendable {
    let name: String
    let port: UInt16
    /// Makes the project, in its folder.
    let project: String
    /// Packages of the runtime.
    let packages: [String]
    /// Keys of the application's image, indented for it.
    let image: String
    /// The variable by which a release is never well, and its value.
    var broken = (name: "BROKEN", value: "yes")
    /// The fleet's `config: files`, for a release that is well and for one that never is.
    var files: (well: String, broken: String)?
    let mix: Mix
    /// A shell line that prints the id of each post that was carried out, once for each time, in the fleet's volume; nil where
    /// the answer's status says so.
    let posts: String?
    var memory = "96MiB"
    /// How long an instance may take until it is well, its warming up with it.
    var healthyDeadline = "4s"

    func definition(version: Int, isBroken: Bool) -> String {
        let broken = isBroken ? ", \(broken.name): \(broken.value)" : ""
        let files = files.map { "\n      files: \(isBroken ? $0.broken : $0.well)" } ?? ""
        return """
            kiln: 1
            archives:
              debian:
                mirror: host
                suites: [bookworm, bookworm-updates, bookworm-security]
            images:
              runtime:
                from: archive:debian
                packages: [\(packages.joined(separator: ", "))]
              app:
                from: image:runtime
                users: [{name: app, uid: 10001}]
                user: app
                ports: {http: 8080}
                health: {http: {port: http, path: /healthz}, interval: 200ms, timeout: 2s, healthy: 2, unhealthy: 3}
                state: [{path: /var/lib/app, volume: data, access: shared}, {path: /tmp, tmpfs: 64MiB}]
            \(image.indented(by: 4))
            fleets:
              \(name):
                image: app
                instances: 3
                listen: 127.0.0.1:\(port)
                resources: {memory: \(memory), cpu: 1, pids: 128}
                config:
                  env: {RELEASE: "\(version)"\(broken)}\(files)
                rollout: {surge: 1, unavailable: 0, min_healthy: 200ms, healthy_deadline: \(healthyDeadline), progress_deadline: 90s, drain: 40s, bake: 0s}

            """
    }

    static let all = [nginx, python, java, stubborn]
}

extension String {
    func indented(by width: Int) -> String {
        let space = String(repeating: " ", count: width)
        return split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : space + $0 }
            .joined(separator: "\n")
    }
}
