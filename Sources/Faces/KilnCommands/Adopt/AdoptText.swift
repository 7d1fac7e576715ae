import KilnAdopt
import KilnDiagnostics

/// The report as an operator reads it: what there is, what became of it, and what somebody has to look at.
struct AdoptText {
    private let found: AdoptReport
    private let limit: Int
    private let color: Bool

    init(_ report: AdoptReport, limit: Int, color: Bool) {
        found = report
        self.limit = limit
        self.color = color
    }

    var report: String {
        var parts = [head, shares, packages, services]
        parts += [
            listed(
                "people and users",
                found.users.map { "\($0.name) (uid \($0.uid))\($0.isCarriedOver ? "" : ", left out")" }
            )
        ]
        parts += [
            listed(
                "state, proposed as volumes",
                found.state.map {
                    "/\($0.path)  \(Quantities.count($0.files, "file")), \(Quantities.bytes($0.bytes))"
                }
            ),
            listed("secrets, left out", secrets), listed("unexplained", unexplained, more: found.unlisted),
            listed(
                "noise, left out",
                found.noise.prefix(12).map {
                    "\($0.why): \(Quantities.count($0.files, "file")), \(Quantities.bytes($0.bytes))"
                }
            ),
            listed("notes", found.notes.map { "/\($0.path): \($0.text)" }),
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    var next: String {
        "wrote \(found.output)/kiln.yaml; next: read it, then kiln lock -f \(found.output)/kiln.yaml, or run this again with --verify --force"
    }

    private var head: String {
        let files = Self.percent(found.accountedFiles)
        let bytes = Self.percent(found.accountedBytes)
        return ShownText.line(
            "\(found.source): \(found.system ?? "no os-release"), \(found.total.files) files, \(Quantities.bytes(found.total.bytes)); "
                + "\(files) of the files and \(bytes) of the bytes are accounted for"
        )
    }

    private var shares: String {
        var table = TextTable(("PART", .left), ("FILES", .right), ("SIZE", .right))
        for share in Share.allCases {
            let tally = found.share(share)
            table.add(share.words, String(tally.files), Quantities.bytes(tally.bytes))
        }
        return table.render(color: color)
    }

    private var packages: String {
        let packages = found.packages
        var lines = [
            "packages: \(packages.chosen.count) chosen, \(packages.dependencies) come with them, \(packages.minimal) in every root"
        ]
        for package in packages.chosen.prefix(limit) {
            lines.append("  \(package.name) \(package.version): \(package.why)")
        }
        if packages.chosen.count > limit { lines.append("  and \(packages.chosen.count - limit) more") }
        for (words, names) in [
            ("left out, of a stock installation", packages.stock),
            ("left out, nothing asks for them", packages.orphans),
            ("left out, removed with configuration left behind", packages.removed),
            ("half installed", packages.broken),
        ] where !names.isEmpty {
            lines.append("  \(words): \(Quantities.first(12, of: names))")
        }
        if found.deleted > 0 {
            let were = found.deleted == 1 ? "was" : "were"
            lines.append(
                "  \(Quantities.count(found.deleted, "path")) that packages brought \(were) deleted by hand"
            )
        }
        return lines.map(ShownText.line).joined(separator: "\n")
    }

    private var services: String {
        var lines: [String] = []
        for service in found.services {
            let ports =
                service.ports.isEmpty
                ? "" : ", ports \(service.ports.map(String.init).joined(separator: ", "))"
            let origin = service.package.map { "of the package \($0)" } ?? "the server's own"
            lines.append("\(service.name) (\(origin), as \(service.user ?? "root")\(ports))")
        }
        for timer in found.timers { lines.append("timer \(timer.name): \(timer.schedule), \(timer.command)") }
        for job in found.jobs {
            lines.append("cron: \(job.schedule) \(job.user) \(job.command) (/\(job.file):\(job.line))")
        }
        for setting in found.sysctls { lines.append("sysctl: \(setting)") }
        let claimed = Set(found.services.flatMap(\.ports))
        for port in found.ports where !claimed.contains(port.port) {
            let address = port.address.isEmpty ? "" : port.address + ":"
            lines.append("port \(address)\(port.port): \(port.program) (/\(port.evidence))")
        }
        if found.services.count > 1 {
            lines.append(
                "\(found.services.count) services: Kiln runs one application per image, so that each has an image and a fleet of its own"
            )
        }
        return listed("what it runs", lines)
    }

    private var secrets: [String] {
        found.secrets.map { secret in
            let line = secret.line.map { ":\($0)" } ?? ""
            return "/\(secret.path)\(line)  \(secret.what)\(secret.subject.map { " (\($0))" } ?? "")"
        }
    }

    private var unexplained: [String] {
        found.unexplained.map { "/\($0.path)  \(Quantities.bytes($0.bytes)), \($0.why)" }
    }

    private func listed(_ heading: String, _ lines: [String], more: Int = 0) -> String {
        guard !lines.isEmpty else { return "" }
        let rest = max(0, lines.count - limit) + more
        let shown = lines.prefix(limit).map { "  " + ShownText.line($0) }
        let tail = rest > 0 ? ["  and \(rest) more (adopt.json has all)"] : []
        return (["\(heading):"] + shown + tail).joined(separator: "\n")
    }

    /// Rounded down, so that 100 % is all.
    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded(.down))
        return tenths == 1000 ? "100 %" : "\(tenths / 10).\(tenths % 10) %"
    }
}
