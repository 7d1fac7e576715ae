import KilnDockerfile

/// What an image holds, and what it does when it starts.
enum ImageContentRules {
    static let all = [changesAtStart, volumeOverCode, rootUser, bakedSecret, logFile]

    static let changesAtStart = LintRule(
        "IL008",
        "The container changes itself when it starts",
        why:
            "What runs is then not what was baked, scanned and signed; two instances that started on different days "
            + "differ, and a start needs servers that may be down.",
        remedy: "Do it while the image is baked. What belongs to one environment comes in as configuration.",
        .error,
        .core,
        on: [.dockerfile, .kubernetes, .compose, .ecs, .kiln]
    ) { document, sink in
        for script in document.scripts where script.phase == .start {
            for command in script.commands {
                guard let what = StartChange.of(command) else { continue }
                sink.report(script.place(of: command, in: document.source), what)
            }
        }
    }

    static let volumeOverCode = LintRule(
        "IL009",
        "A volume lies over code",
        why: "A volume keeps what was in it: the next image's code is hidden behind the old one's.",
        remedy: "Declare volumes for state alone, in a folder of their own such as /var/lib/app.",
        .warning,
        .all,
        on: [.dockerfile]
    ) { document, sink in
        guard let file = document.dockerfile, let stage = file.stages.last else { return }
        var code: [String] = []
        var folder = "/"
        for instruction in stage.instructions {
            switch instruction.keyword {
            case "WORKDIR":
                folder = DockerPaths.absolute(instruction.body.string, in: folder)
                code.append(folder)
            case "COPY", "ADD":
                let words = instruction.json ?? instruction.words
                if let target = words.last { code.append(DockerPaths.absolute(target.text, in: folder)) }
            default: break
            }
        }
        let system = ["/", "/bin", "/sbin", "/lib", "/lib64", "/usr", "/etc", "/opt", "/usr/local", "/boot"]
        for instruction in stage.instructions where instruction.keyword == "VOLUME" {
            for word in instruction.json ?? instruction.words {
                let path = DockerPaths.absolute(word.text, in: "/")
                let covered = code.first { $0 == path || $0.hasPrefix(path + "/") || system.contains(path) }
                if system.contains(path) || (covered != nil && path != "/") {
                    sink.report(word.range, "\(word.text) is where the image's own files are")
                }
            }
        }
    }

    static let rootUser = LintRule(
        "IL010",
        "The image runs as root",
        why: "Root may rewrite whatever is not sealed: the program, its libraries, its configuration.",
        remedy: "Make a user while the image is built, and end with `USER 10001`.",
        .warning,
        .all,
        on: [.dockerfile, .kiln]
    ) { document, sink in
        guard let file = document.dockerfile, let last = file.stages.last else { return }
        let stages = file.stages
        var stage = last
        for _ in 0...stages.count {
            if let user = stage.instructions.last(where: { $0.keyword == "USER" }) {
                let name = user.body.string.split(separator: ":").first.map(String.init) ?? ""
                if name == "root" || name == "0" { sink.report(user.range, "USER \(name) is root") }
                return
            }
            guard let base = stage.base?.text.lowercased(),
                let earlier = stages.first(where: { $0.name == base })
            else { break }
            stage = earlier
        }
        let base = stage.base?.text ?? ""
        guard !["nonroot", "unprivileged", "rootless"].contains(where: base.contains) else { return }
        sink.report(last.from.range, "no USER is named, so it is root")
    }

    static let bakedSecret = LintRule(
        "IL011",
        "A secret, or one environment's settings, is baked in",
        why:
            "One image must serve all environments, and what is in a layer is read by all who can pull it, for ever.",
        remedy:
            "Give secrets at run time (`secrets:` of a fleet) or to one build step (`RUN --mount=type=secret`).",
        .error,
        .all,
        on: [.dockerfile, .kiln]
    ) { document, sink in
        for instruction in document.dockerfile?.instructions ?? [] {
            switch instruction.keyword {
            case "ENV", "ARG":
                for pair in instruction.pairs {
                    guard let value = pair.value?.text, SecretNames.isSecret(pair.name, value: value) else {
                        continue
                    }
                    sink.report(
                        pair.range,
                        "\(pair.name) looks like a secret, and its value stands in the image"
                    )
                }
            case "COPY", "ADD":
                guard instruction.flag("from") == nil else { continue }
                for word in (instruction.json ?? instruction.words).dropLast()
                where SecretNames.isSecretFile(word.text) {
                    sink.report(word.range, "\(word.text) belongs to one environment")
                }
            default: break
            }
        }
        for image in document.kind == .kiln ? document.root["images"]?.entries ?? [] : [] {
            for variable in image.value["env"]?.entries ?? [] {
                guard let value = variable.value.text, SecretNames.isSecret(variable.key, value: value) else {
                    continue
                }
                sink.report(
                    variable.value.range,
                    "\(variable.key) looks like a secret, and its value stands in the image"
                )
            }
        }
    }

    static let logFile = LintRule(
        "IL012",
        "Logs go to a file",
        why: "A file in a container is lost with it, and writing it needs a root that is not sealed.",
        remedy: "Log to stdout and stderr; the platform collects them.",
        .warning,
        .core,
        on: [.dockerfile, .kubernetes, .compose, .kiln, .ecs]
    ) { document, sink in
        for script in document.scripts where script.phase == .start {
            for command in script.commands {
                for word in LogTargets.files(of: command) {
                    sink.report(script.place(of: word, in: document.source), "\(word.text): logs in a file")
                }
            }
        }
        for instruction in document.dockerfile?.stages.last?.instructions ?? [] {
            switch instruction.keyword {
            case "ENV":
                for pair in instruction.pairs
                where LogTargets.isLogVariable(pair.name, pair.value?.text ?? "") {
                    sink.report(pair.range, "\(pair.name) sends logs to \(pair.value?.text ?? "")")
                }
            case "VOLUME":
                for word in instruction.json ?? instruction.words where word.text.hasPrefix("/var/log") {
                    sink.report(word.range, "a volume for logs")
                }
            default: break
            }
        }
        for container in document.containers {
            for variable in container.variables
            where LogTargets.isLogVariable(variable.name, variable.value ?? "") {
                sink.report(variable.range, "\(variable.name) sends logs to \(variable.value ?? "")")
            }
        }
    }
}

/// Paths within an image.
enum DockerPaths {
    static func absolute(_ path: String, in folder: String) -> String {
        var text = path.hasPrefix("/") ? path : folder + "/" + path
        while text.contains("//") { text = text.replacing("//", with: "/") }
        while text.hasSuffix("/."), text.count > 2 { text.removeLast(2) }
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        return text
    }
}
