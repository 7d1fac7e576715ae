/// A file that `kiln init` writes.
package struct TemplateFile: Sendable, Hashable {
    /// Relative to the folder that is set up.
    package let path: String
    package let mode: UInt16
    package let content: String
}

/// A definition to start from that runs as it is: a small HTTP service in Python, two instances of it, and every part
/// explained where it stands.
package struct DefinitionTemplate: Sendable, Hashable {
    /// The machine's Debian release: `VERSION_CODENAME` of os-release(5).
    package let codename: String

    package init(codename: String) {
        self.codename = codename
    }

    package var files: [TemplateFile] {
        [
            TemplateFile(path: "kiln.yaml", mode: 0o644, content: definition),
            TemplateFile(path: "app/server.py", mode: 0o644, content: Self.server),
        ]
    }

    /// Debian's unstable branch has neither updates nor security suites.
    package var suites: [String] {
        ["sid", "unstable"].contains(codename)
            ? [codename] : [codename, "\(codename)-updates", "\(codename)-security"]
    }

    private var definition: String {
        """
        # Three images and a fleet. Check it with: kiln check. Run it with: kiln lock, kiln bake, kiln deploy hello
        kiln: 1

        archives:
          debian:
            mirror: host            # this machine's own apt sources
            suites: [\(suites.joined(separator: ", "))]

        images:
          # A minimal Debian with the certificates that most programs want.
          base:
            from: archive:debian
            packages: [ca-certificates]

          # What the program needs to run. It changes rarely, so it is a layer of its own.
          runtime:
            from: image:base
            packages: [python3]

          # The program.
          app:
            from: image:runtime
            version: 1.0.0
            users:
              - {name: hello, uid: 10001}
            files:
              - {source: app/server.py, target: /opt/hello/server.py}
            env: {PYTHONUNBUFFERED: "1"}
            entrypoint: [python3, /opt/hello/server.py]
            user: hello
            ports: {http: 8080}
            health:
              http: {port: http, path: /healthz}
            # An instance's root is read-only. What it may write is named here.
            state:
              - {path: /tmp, tmpfs: 16MiB}

        fleets:
          hello:
            image: app
            instances: 2
            listen: 127.0.0.1:8080
            resources: {memory: 128MiB, cpu: 0.5, pids: 64}
            config:
              env: {GREETING: Hello from Kiln}
            rollout: {surge: 1, unavailable: 0, min_healthy: 3s, bake: 10s}

        """
    }
}
