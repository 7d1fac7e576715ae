import Glibc
import KilnDrift
import KilnFleet
import KilnOCI
import KilnPlatformLocal
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// A fleet of two instances with writable roots, and a shell of the host's root that knows where everything is.
struct MutationStage {
    let fleet: LocalFleet
    let sandbox: Sandbox
    let image: Digest
    let instance: InstanceID
    let pid: Int32
    private let variables: [String: String]

    var paths: InstancePaths { fleet.paths.instance(instance) }

    init(_ fleet: LocalFleet, _ sandbox: Sandbox) async throws {
        self.fleet = fleet
        self.sandbox = sandbox
        let tree = sandbox.path.appending("tree")
        try Files.createDirectory(tree)
        let build = ToolInvocation("bash", ["-c", Mutation.tree], workingDirectory: tree)
        _ = try await ToolRunner().run(build)
        try Files.write(Self.start, to: tree.appending("srv/start2"))
        try Files.write(Self.again, to: tree.appending("srv/again"))
        let images = ImageStore(home: fleet.home)
        let entrypoint = ["/bin/sh", "/srv/start2"]
        let image = try await BusyboxImage.store(in: images, entrypoint: entrypoint, tree: tree)
        self.image = image
        instance = try await fleet.start("aaaa", routed: true) { Self.change(&$0, image) }.spec.id
        try await fleet.start("bbbb", routed: true) { Self.change(&$0, image) }
        pid = try await fleet.pid(of: instance)
        let manifest = try images.manifest(image).value
        let layer = try images.config(manifest).value.rootfs.diffIDs[1]
        let paths = fleet.paths.instance(instance)
        let groups = try Cgroups.current(of: fleet.home).folders(instance, of: fleet.name)
        variables = [
            "R": paths.rootMount.string, "A": paths.rootMount.appending("opt/app").string,
            "U": paths.changes.string, "PID": "\(pid)", "ID": instance.description,
            "T": sandbox.path.string, "D": paths.directory.string, "F": fleet.paths.directory.string,
            "V": fleet.paths.volumes.string, "RUNC": paths.containers.string,
            "SOCK": fleet.paths.balancerSocket.string,
            "LAYER": SealedLayers(home: fleet.home).path(for: layer).string,
            "BLOB": images.blobPath(manifest.layers[2].digest).string,
            "CGROUPS": groups.map(\.string).joined(separator: " "),
        ]
        try Files.write(Self.memfd, to: sandbox.path.appending("memfd.py"))
    }

    static func change(_ content: inout ReleaseContent, _ image: Digest) {
        content.image = image
        content.writableRoot = true
    }

    func make(_ mutation: Mutation) async throws {
        do { try await run(mutation.script) } catch {
            Issue.record("\(mutation.name) cannot be made: \(error)")
        }
    }

    func run(_ script: String) async throws {
        let invocation = ToolInvocation(
            "bash",
            ["-c", Self.shell + script],
            environment: variables.merging(["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]) { $1 }
        )
        _ = try await ToolRunner().run(invocation)
    }

    func findings(_ rules: DriftRules = .none) async throws -> [DriftFinding] {
        try await fleet.platform.drift(
            of: fleet.name,
            releases: [release],
            rules: rules,
            settling: .zero
        ).findings
    }

    var release: Release { fleet.spec("any") { Self.change(&$0, image) }.release }

    /// Of the catalog and the volumes.
    func audit() throws -> [DriftFinding] {
        var altered = release.content
        altered.env["GREETING"] = "altered"
        let record = ReleaseRecord(
            release: Release(fleet: fleet.name, number: release.number, content: altered, created: 0),
            digest: try release.content.digest()
        )
        return ReleaseAudit.findings([record])
            + ReleaseAudit.strayVolumes(try fleet.platform.volumes(of: fleet.name), [record])
    }

    /// Ends what came from outside.
    func end() async throws {
        let text = (try? Files.readText(sandbox.path.appending("pids"))) ?? ""
        for pid in text.split(separator: "\n").compactMap({ Int32($0) }) { kill(pid, SIGKILL) }
        try Files.remove(paths.containers.appending("web-1-zzzz"))
    }

    private static let start = """
        trap 'export GREETING=changed; exec /bin/sh /srv/again other' USR1
        trap 'exit 0' TERM
        httpd -f -p 8080 -h /srv/www &
        while :; do wait; done

        """

    private static let again = """
        trap 'exit 0' TERM
        while :; do sleep 1; done

        """

    /// Runs a copy of a program that lies in no file.
    private static let memfd = """
        import os
        ghost = os.memfd_create("ghost", 0)
        os.write(ghost, open("/bin/busybox", "rb").read())
        os.execv("/proc/self/fd/%d" % ghost, ["sleep", "9006"])

        """

    private static let shell = """
        set -e
        away() { "$@" </dev/null >/dev/null 2>&1; }
        inside() { away runc --root $RUNC exec -d $ID "$@"; }
        visitor() { away setsid "$@" & echo $! >> $T/pids; until_runs $!; }
        joined() {
          (for g in $CGROUPS; do echo $BASHPID > $g/cgroup.procs; done; exec "$@") </dev/null >/dev/null 2>&1 &
          echo $! >> $T/pids; until_runs $!
        }
        until_open() { for i in $(seq 100); do ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q "$1" && return 0; sleep 0.02; done; }
        until_runs() { for i in $(seq 25); do grep -qsE 'nsenter|bash|python' /proc/$1/comm || return 0; sleep 0.02; done; }
        limit() {
          for g in $CGROUPS; do [ -e $g/$1 ] && { echo $2 > $g/$1; return 0; }; done
          for g in $CGROUPS; do [ -e $g/$3 ] && { echo $2 > $g/$3; return 0; }; done
        }
        flip() {
          python3 -c 'import os,sys
        f = os.open(sys.argv[1], os.O_RDWR); p = os.fstat(f).st_size - 100
        b = os.pread(f, 1, p); os.pwrite(f, bytes([b[0] ^ 255]), p)' "$1"
        }

        """
}
