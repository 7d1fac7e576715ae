import KilnSystem
import SystemPackage

/// A tool that Kiln runs, and the Debian package that brings it.
struct NeededTool: Sendable {
    let name: String
    let package: String
    let purpose: String
    /// Makes it tell its version; nil when it has no such option.
    let versionArguments: [String]?
    /// Only some definitions need it.
    var isOptional = false

    private init(_ name: String, from package: String, for purpose: String, _ versionArguments: [String]?) {
        self.name = name
        self.package = package
        self.purpose = purpose
        self.versionArguments = versionArguments
    }

    static let all: [NeededTool] = [
        NeededTool("apt-get", from: "apt", for: "locking packages", ["--version"]),
        NeededTool("gpgv", from: "gpgv", for: "checking an archive's signature", ["--version"]),
        NeededTool("curl", from: "curl", for: "fetching packages", ["--version"]),
        NeededTool("dpkg-deb", from: "dpkg", for: "unpacking packages", ["--version"]),
        NeededTool("mkfs.erofs", from: "erofs-utils", for: "sealing layers", nil),
        NeededTool("runc", from: "runc", for: "bake steps and instances", ["--version"]),
        NeededTool("conmon", from: "conmon", for: "supervising instances", ["--version"]),
        NeededTool("haproxy", from: "haproxy", for: "balancing fleets", ["-v"]),
        NeededTool("ip", from: "iproute2", for: "the instances' network", ["-V"]),
        NeededTool("unshare", from: "util-linux", for: "secrets of bake steps", ["--version"]),
        optional("ansible-playbook", from: "ansible-core", for: "steps that are playbooks", ["--version"]),
    ]

    private static func optional(
        _ name: String,
        from package: String,
        for purpose: String,
        _ versionArguments: [String]?
    ) -> NeededTool {
        var tool = NeededTool(name, from: package, for: purpose, versionArguments)
        tool.isOptional = true
        return tool
    }

    /// Network plugins: not in `PATH`, and without a version to ask for.
    static let plugins = ["bridge", "host-local"]

    func examine(_ runner: ToolRunner) async -> DoctorFinding {
        guard let path = ExecutableSearch.find(name) else {
            return DoctorFinding(
                .tool,
                name,
                isOptional ? .optional : .missing,
                neededFor: purpose,
                remedy: "apt-get install \(package)\(isOptional ? ", for those who use it" : "")"
            )
        }
        var version = ""
        if let versionArguments {
            let output = try? await runner.runUnchecked(ToolInvocation(path.string, versionArguments))
            version = Self.version(output?.text ?? "")
        }
        return DoctorFinding(.tool, name, .present, detail: version, neededFor: purpose)
    }

    static func examinePlugin(_ name: String) -> DoctorFinding {
        let path = CNIConfig.plugins.appending(name)
        let isThere = Files.exists(path)
        return DoctorFinding(
            .tool,
            "cni \(name)",
            isThere ? .present : .missing,
            detail: isThere ? path.string : "",
            neededFor: "the instances' network",
            remedy: isThere ? nil : "apt-get install containernetworking-plugins"
        )
    }

    /// The first word of the first line that begins with a digit and holds a dot, such as `2.6.12-1`.
    static func version(_ output: String) -> String {
        let line = output.split(separator: "\n").first ?? ""
        let words = line.split(whereSeparator: { $0.isWhitespace || $0 == "," || $0 == "(" || $0 == ")" })
        return words.compactMap { word in
            // A name may end in a digit, as `iproute2-6.1.0` does.
            let start = word.split(separator: "-").first { $0.first?.isNumber ?? false }?.startIndex
            return start.map { word[$0...] }.flatMap { $0.contains(".") ? String($0) : nil }
        }.first ?? ""
    }
}
