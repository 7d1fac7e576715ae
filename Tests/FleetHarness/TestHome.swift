import Glibc

/// A home of Kiln's with fleets of a tiny web server on busybox, made for one run and removed after it.
package struct TestHome: Sendable {
    package let kiln: String
    package let folder: String
    package let fleets: Int
    package let instances: Int
    /// The first fleet listens there, the next one port above.
    package let port: UInt16
    /// Keys of each fleet's rollout.
    package var rollout =
        "min_healthy: 2s, bake: 0s, drain: 2s, healthy_deadline: 60s, progress_deadline: 120s"

    /// Further keys of each fleet, and a line of shell that adds to the image's root in `root/`.
    package var fleetKeys = ""
    package var rootLine = "true"

    package let shell: Shell

    package init(kiln: String, folder: String, fleets: Int, instances: Int, port: UInt16) {
        (self.kiln, self.folder, self.fleets, self.instances, self.port) =
            (kiln, folder, fleets, instances, port)
        shell = Shell(folder: folder)
    }

    package var names: [String] { (0..<fleets).map { "f\($0)" } }
    package var home: String { "\(folder)/home" }
    func port(of fleet: String) -> UInt16 { port + (UInt16(fleet.dropFirst()) ?? 0) }

    /// Where sockets and container state are: the name is a digest of the home's path, as `KilnHome` makes it.
    package var runtime: String { "/run/kiln/\(identifier)" }

    var identifier: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in resolved(home).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(UInt32(truncatingIfNeeded: hash ^ (hash >> 32)), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    private func resolved(_ path: String) -> String {
        guard let text = realpath(path, nil) else { return path }
        defer { free(text) }
        return String(cString: text)
    }

    /// Writes the project, bakes its image, and brings the fleets up.
    package func make() throws {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw HarnessFailure("cannot make \(folder)")
        }
        try shell.run(
            """
            mkdir -p site root/bin root/etc root/www root/tmp home
            cp /bin/busybox root/bin/busybox; ln -sf busybox root/bin/sh
            echo 'root:x:0:0:root:/root:/bin/sh' > root/etc/passwd; echo 'root:x:0:' > root/etc/group
            \(rootLine)
            tar -C root -cf root.tar .; rm -rf root; echo well > site/index.html
            """
        )
        try write(version: 1)
        try kiln("lock")
        try kiln("bake")
        try kiln("apply --parallel 8")
    }

    /// The definition; `isBroken` gives a release whose health check never passes.
    package func write(version: Int, isBroken: Bool = false) throws {
        var text = """
            kiln: 1
            images:
              root: {from: tar:root.tar}
              web:
                from: image:root
                users: [{name: web, uid: 10001}]
                files: [{source: site, target: /www}]
                entrypoint: [/bin/sh, -c, "test -z $BROKEN || exec sleep 1000; exec httpd -f -p 8080 -h /www"]
                user: web
                ports: {http: 8080}
                health: {http: {port: http, path: /}}
                stop: {signal: TERM, grace: 300ms}
            fleets:

            """
        for name in names {
            text += """
                  \(name):
                    image: web
                    instances: \(instances)
                    listen: 127.0.0.1:\(port(of: name))
                    resources: {memory: 64MiB, cpu: 1, pids: 64}
                    config: {env: {VERSION: "\(version)"\(isBroken ? ", BROKEN: \"yes\"" : "")}}
                    rollout: {\(rollout)}
                    \(fleetKeys)

                """
        }
        try Text.write(text, to: "\(folder)/kiln.yaml")
    }

    /// A command line of Kiln's in this home.
    package func line(_ arguments: String, serve: String = "auto") -> String {
        "env KILN_HOME='\(home)' KILN_SERVE=\(serve) NO_COLOR=1 '\(kiln)' \(arguments)"
    }

    @discardableResult
    package func kiln(_ arguments: String, expecting expected: Set<Int32> = [0]) throws -> String {
        try shell.run(line(arguments), expecting: expected)
    }

    /// Takes everything down; says what is left of it.
    package func remove() throws -> [String] {
        try kiln("destroy --all --yes --volumes")
        let left = Remains(of: self).found
        try shell.run("cd /; rm -rf '\(folder)'")
        return left
    }
}
