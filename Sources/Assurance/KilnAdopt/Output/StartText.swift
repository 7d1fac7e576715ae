/// How an image starts, as text of the definition. Pure.
enum StartText {
    static func write(
        _ application: DefinitionPlan.Application,
        _ facts: ServerFacts,
        to lines: inout YAMLLines
    ) {
        let service = application.service
        for remark in application.remarks { lines.comment(remark, indent: 4) }
        if application.entrypoint.isEmpty {
            lines.comment(
                "the unit /\(service.unit) names no command: give the image an entrypoint",
                indent: 4
            )
        } else {
            lines.comment("ExecStart of /\(service.unit)", indent: 4)
            lines.line("entrypoint: \(YAMLLines.list(application.entrypoint))", indent: 4)
        }
        if !application.environment.isEmpty {
            lines.comment("variables of the unit", indent: 4)
            lines.line("env:", indent: 4)
            for (name, value) in application.environment.sorted(by: { $0.key < $1.key }) {
                lines.line("\(YAMLLines.text(name)): \(YAMLLines.text(value))", indent: 6)
            }
        }
        if let folder = service.folder, !folder.contains("%"), folder.hasPrefix("/") {
            lines.comment("WorkingDirectory of the unit", indent: 4)
            lines.line("workdir: \(YAMLLines.text(folder))", indent: 4)
        }
        if let user = service.user, user != "root" {
            lines.comment("User of the unit", indent: 4)
            lines.line("user: \(YAMLLines.text(user))", indent: 4)
        }
        writePorts(service, facts, to: &lines)
        writeState(application, to: &lines)
        if let signal = service.stopSignal,
            ["TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "WINCH"].contains(signal), signal != "TERM"
        {
            lines.comment("KillSignal of the unit", indent: 4)
            lines.line("stop: {signal: \(signal)}", indent: 4)
        }
    }

    private static func writePorts(_ service: ServerService, _ facts: ServerFacts, to lines: inout YAMLLines)
    {
        guard !service.ports.isEmpty else { return }
        let evidence = facts.services.ports.filter { service.ports.contains($0.port) }.map {
            "/" + $0.evidence
        }
        let why =
            evidence.isEmpty
            ? "by the unit, or what the program listens on by default"
            : Set(evidence).sorted().joined(separator: ", ")
        lines.comment("listens there: \(why)", indent: 4)
        let ports = service.ports.map { "\(portName($0, service)): \($0)" }
        lines.line("ports: {\(ports.joined(separator: ", "))}", indent: 4)
        if let first = service.ports.first {
            lines.comment(
                "that somebody listens is the least that can be asked; ask for a page or a command that tells more",
                indent: 4
            )
            lines.line("health: {tcp: {port: \(portName(first, service))}}", indent: 4)
        }
        let local = facts.services.ports.filter {
            service.ports.contains($0.port)
                && ($0.address.hasPrefix("127.") || $0.address == "[::1]" || $0.address == "localhost")
        }
        if let found = local.first {
            lines.comment(
                "it listens on \(found.address) alone, where nobody outside the instance reaches it: have it listen on 0.0.0.0",
                indent: 4
            )
        }
    }

    private static func writeState(_ application: DefinitionPlan.Application, to lines: inout YAMLLines) {
        guard !application.state.isEmpty || !application.scratch.isEmpty else { return }
        lines.line("state:", indent: 4)
        for state in application.state {
            lines.comment(state.why, indent: 6)
            if state.isExclusive {
                lines.comment("a database: one instance at a time, so that a rollout has a gap", indent: 6)
            }
            let access = state.isExclusive ? "exclusive" : "shared"
            lines.line(
                "- {path: \(YAMLLines.text("/" + state.path)), volume: \(state.volume), access: \(access)}",
                indent: 6
            )
        }
        guard !application.scratch.isEmpty else { return }
        lines.comment(
            "written while it runs, and empty at each start: everything else is read-only",
            indent: 6
        )
        for path in application.scratch {
            lines.line("- {path: \(YAMLLines.text("/" + path)), tmpfs: 64MiB}", indent: 6)
        }
    }

    /// `http` is what a fleet's listen leads to by itself.
    static func portName(_ port: UInt16, _ service: ServerService) -> String {
        let secure = service.ports.first { $0 == 443 || $0 == 8443 }
        if port == secure { return "https" }
        let first = service.ports.first { $0 != 443 && $0 != 8443 }
        return port == first && speaksHTTP(service) ? "http" : "port-\(port)"
    }

    static func speaksHTTP(_ service: ServerService) -> Bool {
        let others = [
            "postgres", "mysql", "mariadb", "redis", "memcached", "mongo", "slapd", "postfix", "dovecot",
            "bind", "named", "ssh", "rabbitmq", "mosquitto",
        ]
        return !others.contains { service.name.hasPrefix($0) }
    }
}

/// Fleets, as text of the definition. Pure.
enum FleetText {
    static func write(_ plan: DefinitionPlan, _ facts: ServerFacts, to lines: inout YAMLLines) {
        lines.gap()
        for application in plan.applications where application.entrypoint.isEmpty {
            lines.comment(
                "No fleet for \(application.name): what starts it could not be told. Give its image an entrypoint, then add a fleet."
            )
            for secret in application.secrets {
                lines.comment("Its secret /\(secret.path): \(secret.why). Give it to that fleet by secrets:.")
            }
        }
        let ready = plan.applications.filter { !$0.entrypoint.isEmpty }
        guard !ready.isEmpty else { return }
        lines.line("fleets:")
        var taken: Set<UInt16> = []
        for application in ready {
            let image = plan.applications.count == 1 ? plan.contentImage : application.name
            lines.comment(
                "One instance, as on the server; images without a volume of one writer can have more.",
                indent: 2
            )
            lines.line("\(application.name):", indent: 2)
            lines.line("image: \(image)", indent: 4)
            lines.line("instances: 1", indent: 4)
            writeListeners(application.service, &taken, to: &lines)
            guard !application.secrets.isEmpty else { continue }
            lines.comment(
                "Put each there on the machine that runs the fleet, for root alone; none is in this folder.",
                indent: 4
            )
            lines.line("secrets:", indent: 4)
            for secret in application.secrets {
                lines.comment("/\(secret.path): \(secret.why)", indent: 6)
                let from = "file:/etc/kiln/secrets/\(secret.name)"
                lines.line(
                    "- {name: \(secret.name), from: \(YAMLLines.text(from)), target: \(YAMLLines.text("/" + secret.path))}",
                    indent: 6
                )
            }
        }
    }

    private static func writeListeners(
        _ service: ServerService,
        _ taken: inout Set<UInt16>,
        to lines: inout YAMLLines
    ) {
        guard !service.ports.isEmpty else { return }
        lines.comment(
            "for a start on this machine alone; on the server: \(service.ports.map(String.init).joined(separator: ", "))",
            indent: 4
        )
        lines.line("listen:", indent: 4)
        for port in service.ports {
            var outside = port < 1024 ? port + 8000 : port
            while !taken.insert(outside).inserted { outside = outside == .max ? 1025 : outside + 1 }
            let name = StartText.portName(port, service)
            let mode =
                name == "http" || (StartText.speaksHTTP(service) && name != "https") ? "" : ", mode: tcp"
            lines.line("- {address: \"127.0.0.1:\(outside)\", port: \(name)\(mode)}", indent: 6)
        }
    }
}
