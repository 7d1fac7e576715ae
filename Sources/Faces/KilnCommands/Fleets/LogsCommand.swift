import ArgumentParser
import KilnDefinition
import KilnFleet
import KilnOCI
import KilnPlatformLocal

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what a fleet's instances print.",
        discussion: """
            Examples:

              kiln logs shop
              kiln logs shop --follow
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @Flag(name: .shortAndLong, help: "Go on as it comes, new instances included, until Ctrl-C.")
    var follow = false

    @Option(help: "How many lines of each instance to begin with.")
    var last = 100

    @OptionGroup var format: FormatOption

    func validate() throws {
        guard (0...1_000_000).contains(last) else {
            throw ValidationError("--last takes a number from 0 to 1000000")
        }
    }

    func run() async throws {
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        let instances = try await fleets.reader.instances(of: fleet)
        if follow { return try await showAsItComes(fleets, context) }
        var records: [LogRecord] = []
        for instance in instances {
            records += try fleets.platform.logRecords(instance, of: fleet, last: last)
        }
        for record in records.sorted(by: { $0.time < $1.time }) { try show(record, context) }
    }

    private func showAsItComes(_ fleets: FleetContext, _ context: CommandContext) async throws {
        do {
            for try await record in fleets.platform.followLogs(of: fleet, last: last) {
                try show(record, context)
                if context.console.isReaderGone { return }
            }
        } catch is CancellationError {
            // Ctrl-C is how following ends.
        }
    }

    private func show(_ record: LogRecord, _ context: CommandContext) throws {
        guard format.format == .json else {
            context.console.result("\(record.time.prefix(19))Z  \(record.instance)  \(record.text)")
            return
        }
        let line = LogLine(
            instance: record.instance,
            time: record.time,
            stream: record.stream.rawValue,
            text: record.text
        )
        context.console.result(String(decoding: try CanonicalJSON.encode(line), as: UTF8.self))
    }
}

private struct LogLine: Encodable {
    let instance: InstanceID
    let time: String
    let stream: String
    let text: String
}
