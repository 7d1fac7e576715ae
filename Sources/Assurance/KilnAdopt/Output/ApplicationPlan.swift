import KilnArchive

/// How one service becomes an image that starts by itself. Pure.
enum ApplicationPlan {
    static func start(
        _ service: ServerService,
        _ facts: ServerFacts,
        held: Set<String>
    ) -> DefinitionPlan.Application {
        var application = DefinitionPlan.Application(
            name: service.name,
            service: service,
            entrypoint: service.command,
            environment: service.environment,
            state: [],
            scratch: unique(service.scratch + ["tmp"]),
            secrets: [],
            remarks: service.remarks
        )
        if let first = service.command.first, !first.hasPrefix("/") {
            application.remarks.append("\(first) is looked for on the PATH")
        }
        let sieve = SecretSieve()
        for (name, value) in service.environment.sorted(by: { $0.key < $1.key })
        where sieve.isSecret(name, value) {
            application.environment[name] = nil
            application.remarks.append(
                "the unit sets \(name), which is a credential: it is left out; give it by the fleet's secrets"
            )
        }
        for place in sieve.secrets(ofCommand: service.command) {
            application.entrypoint[place] = "SECRET-LEFT-OUT"
            application.remarks.append(
                "word \(place + 1) of the command is a credential: it is left out; have the program read a file"
            )
        }
        readVariables(of: service, facts, held, sieve, &application)
        return application
    }

    /// Files of variables: put in where they hold no secret, read by a shell when the instance starts where they do.
    private static func readVariables(
        of service: ServerService,
        _ facts: ServerFacts,
        _ held: Set<String>,
        _ sieve: SecretSieve,
        _ application: inout DefinitionPlan.Application
    ) {
        var sourced: [String] = []
        for file in service.environmentFiles {
            if held.contains(file) {
                sourced.append("/" + file)
                application.remarks.append(
                    "the unit reads /\(file), which holds secrets: a shell reads it when the instance starts"
                )
            } else if let text = facts.survey.text(file) {
                let unit = Array(("[Service]\n" + text).utf8)
                for (name, value) in VariablesReader.read(unit) {
                    guard sieve.isSecret(name, value) else {
                        application.environment[name] = value
                        continue
                    }
                    // What counts is what is said last.
                    application.environment[name] = nil
                    application.remarks.append(
                        "/\(file) sets \(name), which is a credential: it is left out; give it by the fleet's secrets"
                    )
                }
                application.remarks.append("variables of /\(file), which the unit reads")
            }
        }
        guard !sourced.isEmpty, !application.entrypoint.isEmpty else { return }
        let reading = sourced.map { ". \(ShellText.quoted($0))" }.joined(separator: "; ")
        application.entrypoint =
            ["/bin/sh", "-c", "set -a; \(reading); set +a; exec \"$@\"", service.name]
            + application.entrypoint
    }

    /// Whether a folder of state is the service's: it says so, is named like it, or its user owns it.
    static func owns(_ service: ServerService, _ folder: String, _ uid: UInt32?, _ facts: ServerFacts) -> Bool
    {
        if service.writes.contains(where: {
            EntryPath.isAt(folder, orBelow: $0) || EntryPath.isAt($0, orBelow: folder)
        }) {
            return true
        }
        let name = EntryPath.split(folder).name
        if name == service.name || name == service.package || service.name.hasPrefix(name + "@") {
            return true
        }
        if let home = service.folder, EntryPath.isAt(folder, orBelow: String(home.dropFirst())) {
            return true
        }
        guard let uid, uid != 0, let user = service.user else { return false }
        return facts.accounts.name(uid) == user
    }

    /// Whether a file with a secret is the service's.
    static func reads(_ service: ServerService, _ path: String) -> Bool {
        if service.environmentFiles.contains(path) { return true }
        if let home = service.folder, EntryPath.isAt(path, orBelow: String(home.dropFirst())) { return true }
        let names = Set([
            service.name, service.package ?? service.name,
            service.name.prefix { $0 != "@" && $0 != "-" }.description,
        ])
        let parts = EntryPath.components(path)
        return parts.contains { part in
            names.contains(part) || names.contains(part.prefix { $0 != "." }.description)
        }
    }

    private static func unique(_ paths: [String]) -> [String] {
        var seen: Set<String> = []
        return paths.filter { path in
            guard !seen.contains(where: { EntryPath.isAt(path, orBelow: $0) }) else { return false }
            seen.insert(path)
            return true
        }
    }
}

/// A file of variables as systemd reads it (systemd.exec(5), "EnvironmentFile").
enum VariablesReader {
    static func read(_ bytes: [UInt8]) -> [(name: String, value: String)] {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            let text = line.drop(while: \.isWhitespace)
            guard let first = text.first, first != "#", first != ";", first != "[",
                let equals = text.firstIndex(of: "=")
            else {
                return nil
            }
            let name = String(text[..<equals]).trimmedBlanks
            guard isName(name) else { return nil }
            return (name, UnitFile.split(String(text[equals...].dropFirst())).joined(separator: " "))
        }
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.count <= 200
            && text.utf8.allSatisfy { byte in
                (65...90).contains(byte) || (97...122).contains(byte) || (48...57).contains(byte)
                    || byte == 95
            }
    }
}
