import Glibc
import KilnStore
import KilnSystem
import SystemPackage

/// Whether the kernel can do what instances are made of. Tries where trying is cheap and leaves nothing.
struct KernelExamination: Sendable {
    let runner: ToolRunner

    func findings() async -> [DoctorFinding] {
        [fileSystem("overlay", for: "instances' roots"), fileSystem("erofs", for: "sealed layers")]
            + [await sealedMount(), await bridge(), controlGroups(), networkNamespaces(), filters()]
    }

    private var isRoot: Bool { geteuid() == 0 }

    private func fileSystem(_ name: String, for purpose: String) -> DoctorFinding {
        let known = (try? Files.readText("/proc/filesystems")) ?? ""
        let isKnown = known.split(whereSeparator: \.isWhitespace).contains { $0 == name }
        let isThere = isKnown || hasModule(name)
        return DoctorFinding(
            .kernel,
            name,
            isThere ? .present : .missing,
            detail: isThere && !isKnown ? "a module that the first mount loads" : "",
            neededFor: purpose,
            remedy: isThere ? nil : "a kernel built with it"
        )
    }

    private func hasModule(_ name: String) -> Bool {
        var system = utsname()
        guard uname(&system) == 0 else { return false }
        let release = withUnsafeBytes(of: &system.release) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        let modules = FilePath("/lib/modules").appending(release).appending("modules.dep")
        return ((try? Files.readText(modules)) ?? "").contains("/\(name).ko")
    }

    /// Mounts a tiny sealed file, as instances' layers are.
    private func sealedMount() async -> DoctorFinding {
        let name = "sealed mounts"
        let purpose = "instances' roots, built on sealed layers"
        guard isRoot else {
            return DoctorFinding(.kernel, name, .unknown, neededFor: purpose, remedy: "ask again as root")
        }
        do {
            let source = try await TemporaryDirectory.with(in: "/tmp", prefix: "kiln-doctor-") { folder in
                let tree = folder.appending("tree")
                let target = folder.appending("target")
                for path in [tree, target] { try Files.createDirectory(path) }
                let file = folder.appending("sealed")
                try await runner.run(TopLayerSealer.invocation(tree: tree, file: file))
                defer { try? Mounts.unmountAll(under: target) }
                try await SealedFileMount(file, at: target).mount()
                return try MountTable.current().entries.first { $0.target == target }?.source ?? ""
            }
            let detail = source.hasPrefix("/dev/loop") ? "through loop devices: Linux 6.12 does without" : ""
            return DoctorFinding(.kernel, name, .present, detail: detail, neededFor: purpose)
        } catch {
            let remedy = "a kernel with EROFS, and loop devices below Linux 6.12"
            return DoctorFinding(.kernel, name, .missing, neededFor: purpose, remedy: remedy)
        }
    }

    private func bridge() async -> DoctorFinding {
        let purpose = "the instances' network"
        guard isRoot else {
            return DoctorFinding(.kernel, "bridge", .unknown, neededFor: purpose, remedy: "ask again as root")
        }
        let name = "kilndoc\(getpid() % 1_000_000)"
        let made = try? await runner.run(ToolInvocation("ip", ["link", "add", name, "type", "bridge"]))
        if made != nil { _ = try? await runner.run(ToolInvocation("ip", ["link", "delete", name])) }
        return DoctorFinding(
            .kernel,
            "bridge",
            made == nil ? .missing : .present,
            neededFor: purpose,
            remedy: made == nil ? "modprobe bridge" : nil
        )
    }

    private func controlGroups() -> DoctorFinding {
        let entries = (try? MountTable.current())?.entries ?? []
        let controllers = Self.controllers(entries)
        let lacking = ["memory", "cpu", "pids"].filter { !controllers.contains($0) }
        let layout =
            switch (entries.contains { $0.type == "cgroup" }, entries.contains { $0.type == "cgroup2" }) {
            case (true, true): "hybrid"
            case (true, false): "version 1"
            case (false, true): "version 2"
            case (false, false): "not mounted"
            }
        return DoctorFinding(
            .kernel,
            "control groups",
            lacking.isEmpty ? .present : .missing,
            detail: lacking.isEmpty ? layout : "\(layout), without \(lacking.joined(separator: ", "))",
            neededFor: "limits of memory, CPU and processes",
            remedy: lacking.isEmpty ? nil : "mount the control groups with these controllers"
        )
    }

    static func controllers(_ entries: [MountEntry]) -> Set<String> {
        var controllers: Set<String> = []
        for entry in entries {
            if entry.type == "cgroup" { controllers.formUnion(entry.superOptions) }
            if entry.type == "cgroup2" {
                let text = (try? Files.readText(entry.target.appending("cgroup.controllers"))) ?? ""
                controllers.formUnion(text.split(whereSeparator: \.isWhitespace).map(String.init))
            }
        }
        return controllers
    }

    private func networkNamespaces() -> DoctorFinding {
        presence("network namespaces", "/proc/self/ns/net", for: "the instances' network")
    }

    private func filters() -> DoctorFinding {
        presence(
            "seccomp",
            "/proc/sys/kernel/seccomp/actions_avail",
            for: "filtering instances' system calls"
        )
    }

    private func presence(_ name: String, _ path: FilePath, for purpose: String) -> DoctorFinding {
        let isThere = Files.exists(path)
        return DoctorFinding(
            .kernel,
            name,
            isThere ? .present : .missing,
            neededFor: purpose,
            remedy: isThere ? nil : "a kernel built with it"
        )
    }
}
