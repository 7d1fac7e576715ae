import OrderedCollections
import SystemPackage

extension Syntax where Value == OrderedDictionary<String, String> {
    static var environment: Syntax {
        .map(
            .environmentName,
            to: .text("value"),
            example: "LOG_LEVEL",
            named: "variable names to values"
        )
    }
}

/// The keys of a user that an image adds.
enum UserKeys {
    static let shape = Shape(
        "user",
        help: "A system user without a password, for an image's own processes.",
        blank: UserDefinition(name: "", uid: 0),
        locate: { passage, user, reading in user.span = reading.lines.span(of: passage.node) },
        fields: [
            .required("name", \.name, .userName, help: "The user's name, and its group's.", example: "shop"),
            .required(
                "uid",
                \.uid,
                .userNumber,
                help: "The user's number, and its group's.",
                example: "10001"
            ),
            .standard(
                "home",
                \.home,
                .accountPath,
                help: "The home folder; made, empty, when the image lacks it, unless it is `/nonexistent`.",
                example: "/nonexistent"
            ),
            .standard("shell", \.shell, .accountPath, help: "The login shell.", example: "/usr/sbin/nologin"),
        ]
    )
}

/// The keys of a file, in an image and in a fleet's configuration.
enum FileKeys {
    static let shape = Shape(
        "configuration file",
        help: "A file, or a folder with all it holds, that instances get from beside the definition.",
        blank: FileDefinition(source: "", target: ""),
        locate: locate,
        fields: fields
    )

    static let imageShape = Shape(
        "file",
        help: "A file, or a folder with all it holds, copied from beside the definition.",
        blank: FileDefinition(source: "", target: ""),
        locate: locate,
        fields: fields + [PlatformKeys.only(\.platforms)]
    )

    @Sendable
    private static func locate(_ passage: Passage, _ file: inout FileDefinition, _ reading: Reading) {
        file.span = reading.lines.span(of: passage.node)
    }

    private static let fields: [Field<FileDefinition>] = [
        .required(
            "source",
            \.source,
            .source,
            help: "A file or folder, relative to the definition and never outside its folder.",
            example: "app/server.py"
        ),
        .required(
            "target",
            \.target,
            .imagePath,
            help: "Where it goes; what a folder holds goes into this folder.",
            example: "/opt/shop/server.py"
        ),
        .standard(
            "owner",
            \.owner,
            .user,
            help: "The owner; the group is the user's own.",
            example: "root"
        ),
        .optional(
            "mode",
            \.mode,
            .mode,
            help: """
                The files' permission bits. Without it, `0755` where the source is executable and `0644` \
                elsewhere; folders get `0755`.
                """,
            example: "\"0644\""
        ),
    ]
}

/// The keys of a step.
enum StepKeys {
    static let shape = Shape(
        "step",
        help:
            "A script or an Ansible playbook that runs inside the image when it is baked, as root, without a network.",
        blank: StepDefinition(run: ""),
        rules: [.exactlyOne(["run", "ansible"]), .needs("vars", "ansible")],
        locate: { passage, step, reading in step.span = reading.lines.span(of: passage.node) },
        fields: [
            .optional(
                "run",
                \.script,
                .source,
                help:
                    "The script, beside the definition; run by its `#!` line, or by `/bin/sh -e` without one.",
                example: "scripts/install.sh"
            ),
            .optional(
                "ansible",
                \.playbook,
                .source,
                help: """
                    A playbook, beside the definition, run by the machine's `ansible-playbook` with the image as its only \
                    host; the image needs python3.
                    """,
                example: "playbooks/site.yml"
            ),
            .standard(
                "vars",
                \.vars,
                .environment,
                help: "Extra variables of the playbook.",
                example: "{greeting: hello}"
            ),
            .standard(
                "inputs",
                \.inputs,
                .list(of: .source, named: "sources", isUnique: true),
                help:
                    "Further files or folders that it may read, under `/kiln/inputs/` by the paths written here.",
                example: "[data/words.txt]"
            ),
            .standard(
                "env",
                \.env,
                .environment,
                help: "Variables of the script.",
                example: "{PREFIX: /opt/shop}"
            ),
            .standard(
                "secrets",
                \.secrets,
                .list(of: .object(StepSecretKeys.shape), named: "secrets"),
                help: """
                    What it may read under `/run/secrets/` while it runs. A bake fails when a value is found in what the \
                    step leaves behind; a cached layer needs none of them.
                    """,
                example: "[{name: token, from: env:TOKEN}]"
            ),
        ]
    )
}

extension StepDefinition {
    /// Nothing for a playbook, and for a step that is yet to be read.
    fileprivate var script: FilePath? {
        get { program == .script && !run.isEmpty ? run : nil }
        set { if let newValue { run = newValue } }
    }

    fileprivate var playbook: FilePath? {
        get { program == .playbook ? run : nil }
        set {
            guard let newValue else { return }
            run = newValue
            program = .playbook
        }
    }
}

/// The keys of a path that may be written.
enum StateKeys {
    static let syntax = Syntax<StateDefinition>.object(shape) { draft, _ in draft.state }

    private static let shape = Shape(
        "state path",
        help:
            "A path of an instance that may be written: on a volume that outlives the instance, or in memory.",
        blank: StateDraft(),
        rules: [.exactlyOne(["volume", "tmpfs"]), .needs("access", "volume")],
        fields: [
            .required(
                "path",
                \.path,
                .imagePath,
                help: "The path in the instance.",
                example: "/var/lib/shop"
            ),
            .optional(
                "volume",
                \.volume,
                .volume,
                help: "The volume's name, the fleet's own; kept until `kiln destroy --volumes`.",
                example: "data"
            ),
            .standard(
                "access",
                \.access,
                .choice("access"),
                help: """
                    `shared`: all instances see one volume. `per_slot`: each slot of the fleet has its own, which a \
                    replacement takes over. `exclusive`: one instance at a time, so the fleet has one instance, which \
                    ends before its replacement starts.
                    """,
                example: "shared"
            ),
            .optional(
                "tmpfs",
                \.tmpfs,
                .size,
                help: "In memory instead, of this size; empty at each start.",
                example: "64MiB"
            ),
        ]
    )
}

/// The keys of how an instance ends.
enum StopKeys {
    static let shape = Shape(
        "stop",
        help: "How an instance is asked to end.",
        blank: StopDefinition(),
        fields: [
            .standard("signal", \.signal, .signal, help: "What its first process is sent.", example: "TERM"),
            .standard(
                "grace",
                \.grace,
                .duration,
                help: "How long it may take before it is killed.",
                example: "10s"
            ),
        ]
    )
}
