import KilnDockerfile

/// What goes into an image while it is made.
enum BuildRules {
    static let all = [unpinnedPackage, upgrade, unverifiedDownload, sshServer]

    static let unpinnedPackage = LintRule(
        "IL004",
        "A package is installed without a version",
        why: "The same file gives another image tomorrow, and nobody sees what moved.",
        remedy:
            "Write the version (`curl=7.88.1-10+deb12u8`), install from a dated snapshot of the archive, or let "
            + "`kiln lock` pin all of them.",
        .warning,
        .all,
        on: [.dockerfile, .packer]
    ) { document, sink in
        for script in document.scripts where script.phase == .build || script.phase == .provision {
            guard !usesSnapshot(script) else { continue }
            for command in script.commands {
                guard let action = PackageAction(command), let first = action.unpinned.first else { continue }
                let names = action.unpinned.prefix(4).map(\.text).joined(separator: ", ")
                let more = action.unpinned.count > 4 ? " and \(action.unpinned.count - 4) more" : ""
                sink.report(
                    script.place(of: first, in: document.source),
                    "\(action.manager) installs \(names)\(more) in whatever version there is"
                )
            }
        }
    }

    private static func usesSnapshot(_ script: Script) -> Bool {
        let text = String(decoding: script.text.bytes, as: UTF8.self)
        return text.contains("snapshot.debian.org") || text.contains("snapshot.ubuntu.com")
            || text.contains("--snapshot") || text.contains("Acquire::Snapshots")
    }

    static let upgrade = LintRule(
        "IL005",
        "All packages are upgraded, or their list is fetched for later",
        why:
            "An upgrade makes the image depend on the day it was built; an update in a layer of its own is kept and "
            + "used long after it is stale.",
        remedy: "Move the base image to its newest digest instead, and put update and install into one step.",
        .warning,
        .all,
        on: [.dockerfile, .packer]
    ) { document, sink in
        for script in document.scripts where script.phase == .build || script.phase == .provision {
            let actions = script.commands.compactMap(PackageAction.init)
            for action in actions where action.verb == .upgrade {
                let name =
                    action.command.words.dropFirst().first { !$0.text.hasPrefix("-") }?.text ?? "upgrade"
                sink.report(
                    script.place(of: action.command, in: document.source),
                    "\(action.manager) \(name) takes whatever is newest today"
                )
            }
            guard document.kind == .dockerfile, let refresh = actions.first(where: { $0.verb == .refresh }),
                !actions.contains(where: { $0.verb != .refresh })
            else { continue }
            sink.report(
                script.place(of: refresh.command, in: document.source),
                "the list of packages is fetched in a step of its own"
            )
        }
    }

    static let unverifiedDownload = LintRule(
        "IL006",
        "Something is downloaded and used unchecked",
        why: "Whoever controls the address, or the way to it, decides what is in the image.",
        remedy:
            "Check a digest right behind the download (`echo \"$SUM  file\" | sha256sum -c`), use `ADD --checksum=`, "
            + "or list it under `downloads:` in kiln.yaml.",
        .warning,
        .all,
        on: [.dockerfile, .packer, .terraform, .cloudformation, .cloudInit, .kubernetes, .compose]
    ) { document, sink in
        for script in document.scripts where script.phase != .pipeline && script.phase != .local {
            Downloads(script).report(in: document, &sink)
        }
        for instruction in document.dockerfile?.instructions ?? [] where instruction.keyword == "ADD" {
            guard instruction.flag("checksum") == nil else { continue }
            for word in instruction.words.dropLast() {
                let isWeb = word.text.hasPrefix("http://") || word.text.hasPrefix("https://")
                guard isWeb, !word.text.contains(".git") else { continue }
                sink.report(word.range, "ADD takes \(word.text) without --checksum")
            }
        }
    }

    static let sshServer = LintRule(
        "IL007",
        "The image has a door for changes: an SSH server",
        why: "Who can log in will repair in place, and from then on that instance is like no other.",
        remedy: "Leave the server out. Look with `kiln logs` and `kiln debug`, change with a new release.",
        .error,
        .core,
        on: [.dockerfile, .kubernetes, .compose, .packer, .kiln]
    ) { document, sink in
        for instruction in document.dockerfile?.instructions ?? [] where instruction.keyword == "EXPOSE" {
            for word in instruction.words where word.text == "22" || word.text == "22/tcp" {
                sink.report(word.range, "port 22 is SSH's")
            }
        }
        for container in document.containers {
            for port in container.ports where port.number == 22 {
                sink.report(port.range, "\(container.name) serves port 22, SSH's")
            }
        }
        for script in document.scripts where [.build, .provision, .start].contains(script.phase) {
            for command in script.commands {
                guard let word = sshServerWord(command) else { continue }
                sink.report(script.place(of: word, in: document.source), "\(word.text): an SSH server")
            }
        }
        // A definition lists packages without a command.
        guard document.kind == .kiln else { return }
        for image in document.root["images"]?.entries ?? [] {
            for package in image.value["packages"]?.items ?? [] where isServer(package.text ?? "") {
                sink.report(package.range, "\(package.text ?? "") is an SSH server")
            }
        }
    }

    private static let servers: Set<String> = [
        "openssh-server", "sshd", "dropbear", "tinyssh", "openssh", "openssh-sftp-server",
    ]

    private static func isServer(_ package: String) -> Bool {
        servers.contains(String(package.prefix { $0 != "=" && $0 != "~" && $0 != ":" }))
    }

    private static func sshServerWord(_ command: ShellCommand) -> ShellCommand.Word? {
        if let action = PackageAction(command) {
            guard action.verb == .install else { return nil }
            return action.packages.first {
                isServer($0.text) && ($0.text.hasPrefix("openssh-server") || action.manager != "pip")
            }
        }
        if command.program == "sshd" || command.program == "dropbear" { return command.words.first }
        let isService = ["service", "systemctl", "rc-service", "rc-update", "update-rc.d"].contains(
            command.program
        )
        guard isService else { return nil }
        let starts = command.arguments.contains {
            ["start", "enable", "restart", "add", "defaults"].contains($0)
        }
        return starts
            ? command.words.dropFirst().first {
                ["ssh", "sshd", "ssh.service", "sshd.service"].contains($0.text)
            } : nil
    }
}
