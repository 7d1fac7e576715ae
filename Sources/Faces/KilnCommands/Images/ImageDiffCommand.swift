import ArgumentParser
import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnStore

struct ImageDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Tell what differs between two images of the store: their files, and how they start.",
        discussion: """
            Compares what the images show, whatever layers they are cut into. Exit status 1 when something differs.

            Example:

              kiln image diff shop 3f2a90c1b7d4
            """
    )

    @Argument(help: "A name, a digest, or the first six or more digits of one.")
    var first: String

    @Argument(help: "Another one.")
    var second: String

    @Option(help: "The most paths that are listed.")
    var limit = 200

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let store = ImageStore(home: context.home)
        let images = try [first, second].map { try ComparedImage($0, in: store) }
        let report = ImageDiffReport(images[0], images[1], limit: max(0, limit))
        if format.format == .json {
            try context.resultJSON(report)
        } else if report.isSame {
            context.console.message("the images do not differ")
        } else {
            context.console.result(report.text(first, second))
        }
        if !report.isSame { throw CommandExit(status: .failed) }
    }
}

/// A stored image with what it shows.
struct ComparedImage {
    let digest: Digest
    let config: ImageConfig
    let root: RootIndex

    init(_ reference: String, in store: ImageStore) throws {
        digest = try store.image(reference).digest
        config = try store.config(try store.manifest(digest).value).value
        guard let root = try LayerIndexes(home: store.home).root(of: config.rootfs.diffIDs) else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "image.unknown-content",
                    "what the layers of \(reference) hold is not known here",
                    hint: "bake or pull the image again"
                )
            )
        }
        self.root = root
    }
}

struct ImageDiffReport: Encodable {
    struct Layers: Encodable {
        let shared: Int
        let first: Int
        let second: Int
    }

    let first: Digest
    let second: Digest
    let layers: Layers
    let configuration: [Differences.Change]
    let files: Differences

    init(_ left: ComparedImage, _ right: ComparedImage, limit: Int) {
        first = left.digest
        second = right.digest
        let diffIDs = [left, right].map(\.config.rootfs.diffIDs)
        layers = Layers(
            shared: zip(diffIDs[0], diffIDs[1]).prefix { $0 == $1 }.count,
            first: diffIDs[0].count,
            second: diffIDs[1].count
        )
        configuration = Self.compare(left.config, right.config)
        files = Differences(PathDifference.between(left.root, right.root), limit: limit)
    }

    var isSame: Bool { first == second }

    func text(_ left: String, _ right: String) -> String {
        var lines = [
            "layers: \(layers.shared) shared, then \(layers.first - layers.shared) of \(left) and "
                + "\(layers.second - layers.shared) of \(right)"
        ]
        for change in configuration {
            let values = "\(change.first ?? "-") in \(left), \(change.second ?? "-") in \(right)"
            lines.append(ShownText.line("\(change.what): \(values)"))
        }
        lines += files.lines(first: left, second: right)
        if files.paths.isEmpty, configuration.isEmpty {
            lines.append("they show the same files, and start alike: layers or their compression differ")
        }
        return lines.joined(separator: "\n")
    }

    private static func compare(_ first: ImageConfig, _ second: ImageConfig) -> [Differences.Change] {
        let left = facts(first)
        let right = facts(second)
        return Set(left.keys).union(right.keys).sorted().filter { left[$0] != right[$0] }
            .map { Differences.Change(what: $0, first: left[$0], second: right[$0]) }
    }

    private static func facts(_ config: ImageConfig) -> [String: String] {
        let start = config.config
        var facts = [
            "architecture": config.architecture,
            "created": config.created ?? "-",
            "entrypoint": ((start?.entrypoint ?? []) + (start?.cmd ?? [])).joined(separator: " "),
            "user": start?.user ?? "root",
            "working directory": start?.workingDir ?? "/",
            "ports": (start?.exposedPorts ?? [:]).keys.sorted().joined(separator: " "),
            "stop signal": start?.stopSignal ?? "-",
        ]
        for variable in start?.env ?? [] {
            let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            facts["env \(parts[0])"] = parts.count > 1 ? String(parts[1]) : ""
        }
        for (name, value) in start?.labels ?? [:] { facts["label \(name)"] = value }
        return facts
    }
}
