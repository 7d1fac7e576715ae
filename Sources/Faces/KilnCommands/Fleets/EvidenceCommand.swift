import ArgumentParser
import Glibc
import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import SystemPackage

struct EvidenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence",
        abstract: "Look at what was kept of instances that drifted.",
        discussion: """
            Before an instance that drifted is replaced, put in quarantine or left alone, its changed files, processes, mounts, \
            last lines of output and the events of its changes are kept in the home's folder evidence/: of each fleet the newest \
            \(EvidenceStore.countLimit), \(EvidenceStore.sizeLimit >> 20) MiB at most, for \(EvidenceStore.ageLimit / 86_400) days.
            """,
        subcommands: [EvidenceListCommand.self, EvidenceShowCommand.self, EvidenceExportCommand.self]
    )
}

struct EvidenceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what is kept, the newest first.",
        discussion: """
            Example:

              kiln evidence list shop
            """
    )

    @Argument(help: "The fleet; all when none is named.")
    var fleet: FleetName?

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let entries = try EvidenceStore(home: context.home).entries(of: fleet)
        if format.format == .json { return try context.resultJSON(entries.map(ListedEvidence.init)) }
        guard !entries.isEmpty else { return context.console.message("no evidence is kept") }
        var table = TextTable(
            ("INSTANCE", .left),
            ("RELEASE", .right),
            ("KEPT", .left),
            ("FINDINGS", .right),
            ("SIZE", .right),
            ("FIRST", .left)
        )
        for entry in entries {
            let harmful = entry.record.findings.filter { $0.weight == .harmful }
            table.add(
                entry.name,
                entry.record.release?.description ?? "-",
                WallClock.format(entry.record.time),
                String(harmful.count),
                Quantities.bytes(entry.size),
                harmful.first.map { "\($0.kind.rawValue): \($0.subject)" } ?? "-"
            )
        }
        context.console.result(table.render(color: context.console.output.color))
    }
}

struct EvidenceShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what was found of an instance, and which files were kept.",
        discussion: """
            Example:

              kiln evidence show shop-4-k7vn
            """
    )

    @Argument(help: "The instance.")
    var instance: String

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let store = EvidenceStore(home: context.home)
        let entry = try store.named(instance)
        if format.format == .json { return try context.resultJSON(entry.record) }
        let report = DriftReport(fleet: entry.record.fleet, checked: 1, findings: entry.record.findings)
        let text = DriftText(reports: [report], showsAll: true)
        if let table = text.table(color: context.console.output.color) { context.console.result(table) }
        for difference in text.differences { context.console.result(difference) }
        for process in entry.record.processes {
            let words = process.arguments.joined(separator: " ")
            context.console.result(ShownText.line("process \(process.pid): \(words)"))
        }
        for (name, size) in entry.files.sorted(by: { $0.key < $1.key }) {
            context.console.result("\(entry.folder.appending(name)): \(Quantities.bytes(size))")
        }
        for path in entry.record.omitted {
            context.console.message("\(ShownText.line(path)) could not be kept")
        }
        let others = try store.entries().filter {
            $0.record.instance == entry.record.instance && $0.name != entry.name
        }
        for other in others {
            context.console.message("\(other.name) was kept of it at \(WallClock.format(other.record.time))")
        }
    }
}

struct EvidenceExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what is kept of an instance to a tar archive.",
        discussion: """
            Example:

              kiln evidence export shop-4-k7vn shop-4-k7vn.tar
            """
    )

    @Argument(help: "The instance.")
    var instance: String

    @Argument(help: "The archive to write.")
    var file: String

    func run() async throws {
        let context = CommandContext.current
        let store = EvidenceStore(home: context.home)
        let entry = try store.named(instance)
        let all = try store.entries().filter { $0.record.instance.description == instance }
        let entries = all.isEmpty ? [entry] : all
        let folder = entry.folder.removingLastComponent()
        let words = ["--create", "--file=-", "--directory=\(folder)", "--"] + entries.map(\.name)
        try await PrivateFile.write(FilePath(file)) { descriptor in
            try await ToolRunner().run(ToolInvocation("tar", words), writingTo: descriptor)
        }
        let (size, count) = entries.reduce((Int64(0), 0)) { ($0.0 + $1.size, $0.1 + $1.files.count) }
        context.console.message("wrote \(file): \(Quantities.bytes(size)) of \(count) files")
    }
}

/// What is kept, with the name that other commands know it by.
private struct ListedEvidence: Encodable {
    private enum CodingKeys: String, CodingKey {
        case name
    }

    let entry: EvidenceStore.Entry

    func encode(to encoder: any Encoder) throws {
        try entry.record.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(entry.name, forKey: .name)
    }
}

/// A file for its owner alone, which takes the place of another only once it is whole.
private enum PrivateFile {
    /// The body closes the descriptor.
    static func write(_ path: FilePath, _ fill: (FileDescriptor) async throws -> Void) async throws {
        if let facts = Files.facts(path), facts.kind != .file {
            // A device, a pipe or a link stays what it is.
            let descriptor = open(path.string, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw SystemError.last("write \(path)") }
            return try await fill(FileDescriptor(rawValue: descriptor))
        }
        let (descriptor, temporary) = try create(beside: path)
        do {
            try await fill(FileDescriptor(rawValue: descriptor))
            try sync(temporary)
            try Files.rename(temporary, to: path)
        } catch {
            unlink(temporary.string)
            throw error
        }
    }

    /// Under a name that nobody foresees, and with mode 0600 (mkstemp(3)).
    private static func create(beside path: FilePath) throws -> (descriptor: Int32, path: FilePath) {
        var template = Array("\(path).XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer -> (Int32, FilePath)? in
            guard let base = buffer.baseAddress else { return nil }
            let descriptor = mkstemp(base)
            return descriptor < 0 ? nil : (descriptor, FilePath(String(cString: base)))
        }
        guard let (descriptor, temporary) = made else { throw SystemError.last("write \(path)") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return (descriptor, temporary)
    }

    private static func sync(_ path: FilePath) throws {
        let descriptor = open(path.string, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("write \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemError.last("write \(path)") }
    }
}

extension EvidenceStore {
    /// By an entry's own name, or the first of the instance.
    fileprivate func named(_ name: String) throws -> Entry {
        let entries = try entries()
        let first = entries.last { $0.record.instance.description == name }
        if let entry = entries.first(where: { $0.name == name }) ?? first { return entry }
        throw DiagnosticFailure(
            Diagnostic(
                code: "drift.no-evidence",
                "no evidence of an instance \(name) is kept",
                hint: Spelling.hint(for: name, in: entries.map(\.name))
                    ?? "kiln evidence list shows what is",
                exitStatus: .usage
            )
        )
    }
}
