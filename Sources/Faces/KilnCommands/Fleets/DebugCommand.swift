import ArgumentParser
import Glibc
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnPlatformLocal
import KilnStore
import KilnSystem

struct DebugCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "debug",
        abstract: "Take an instance out of traffic for good, join tools to it, then destroy it.",
        discussion: """
            The instance is condemned, loses its traffic and is replaced; then a shell (or COMMAND) of a tools image runs \
            beside it: its processes, its network and its name are seen, its root lies read-only at /instance, without its \
            secrets, volumes and what it keeps in memory. When the shell ends, or at the time limit, the instance is \
            destroyed. Who did it, and why, stays in `kiln events`. The last instance that serves leaves the traffic only \
            once another one serves.

            Examples:

              kiln debug shop-4-ab12 --why "requests hang"
              kiln debug shop-4-ab12 --why "requests hang" --tools netshoot --for 2h --keep
              kiln debug shop-4-ab12 --why "requests hang" -- ss -tanp
            """
    )

    @Argument(help: "Which one: [FLEET/]INSTANCE; the beginning of an instance's name will do.")
    var instance: String

    @Option(help: ArgumentHelp("Why, for those who look back; is kept with the events.", valueName: "text"))
    var why: String

    @Option(help: ArgumentHelp("The image of the store that the tools come from.", valueName: "image"))
    var tools: String?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long at most, from 10s to 24h.", valueName: "duration")
    )
    var limit = DebugLimit(seconds: 1800)

    @Flag(help: "Also when it is the last one that serves: requests fail until another one does.")
    var now = false

    @Flag(help: "Keep the instance until the time limit, for another session or kiln cp.")
    var keep = false

    @Flag(help: "Let the tools trace the instance's processes and read their memory, with the secrets in it.")
    var trace = false

    @Option(help: "Seconds to wait while another command changes the fleet.")
    var wait = 900

    @Argument(parsing: .postTerminator, help: "What to run instead of a shell.")
    var command: [String] = []

    func validate() throws {
        guard (0...86_400).contains(wait) else {
            throw ValidationError("--wait takes a number of seconds from 0 to 86400")
        }
        guard why.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("--why takes the reason, which stays with the fleet's events")
        }
        try DriveOptions.check(why, "--why")
        let range = DebugWish.shortest...DebugWish.longest
        guard range.contains(limit.seconds) else {
            throw ValidationError(
                "--for takes a time from 10s to 24h: what is condemned is not kept for longer"
            )
        }
    }

    func run() async throws {
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        let (fleet, id) = try await resolved(fleets)
        let image = try await toolsImage(of: id, in: fleet, fleets)
        let words = try await fleets.platform.words(of: image.digest, named: image.name, command)
        let wish = DebugWish(
            seconds: limit.seconds,
            isAtOnce: now,
            isKept: keep,
            tools: trace ? "\(image.name), which may read its memory" : image.name,
            session: .current
        )
        var options = FleetDriver.Options(wait: .seconds(wait))
        options.author = context.operatorName
        options.message = why
        let run = DebugRun(fleets: fleets, fleet: fleet, instance: id, options: options, context: context)
        let hasTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        let session = ToolsSession(words: words, hasTerminal: hasTerminal, mayTrace: trace)
        let status = try await run.run(wish, session, of: image.digest)
        // What a person typed last into a shell is no failure.
        if !command.isEmpty, status != .exited(0) { throw CommandExit(status: .failed) }
    }

    /// One-shot work is known too, so that it is refused for what it is.
    private func resolved(_ fleets: FleetContext) async throws -> (FleetName, InstanceID) {
        guard let place = InstancePlace("\(instance):/") else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "usage.debug",
                    "\(ShownText.line(instance)) names no instance",
                    hint: "[FLEET/]INSTANCE, as kiln status shows it",
                    exitStatus: .usage
                )
            )
        }
        var known: [(fleet: FleetName, id: InstanceID)] = []
        for fleet in try await fleets.names(place.fleet) {
            known += try await fleets.reader.instances(of: fleet).map { (fleet, $0) }
            known += try await fleets.platform.oneShots(of: fleet).map { (fleet, $0.spec.id) }
        }
        return try place.resolve(among: known)
    }

    /// The one that was named, else the instance's own.
    private func toolsImage(
        of id: InstanceID,
        in fleet: FleetName,
        _ fleets: FleetContext
    ) async throws -> DebugRun.Image {
        if let tools {
            return DebugRun.Image(digest: try ImageStore(home: fleets.home).image(tools).digest, name: tools)
        }
        let records = try await fleets.store.instances(of: fleet)
        let seen = try await fleets.platform.oneShots(of: fleet).first { $0.spec.id == id }
        var content = seen?.spec.release.content
        if let number = records.first(where: { $0.id == id })?.release {
            content = try await fleets.store.release(number, of: fleet)?.content
        }
        guard let content else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "fleet.unknown-instance",
                    "instance \(id) is gone",
                    hint: "kiln status \(fleet) lists its instances",
                    exitStatus: .usage
                )
            )
        }
        return DebugRun.Image(digest: content.image, name: content.imageName.description)
    }
}

/// A time limit as it is written: `90s`, `30m`, `2h`.
struct DebugLimit: ExpressibleByArgument {
    let seconds: Int

    init(seconds: Int) {
        self.seconds = seconds
    }

    var defaultValueDescription: String { "30m" }

    init?(argument: String) {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
        guard let unit = argument.last.flatMap({ units[$0] }), argument.count <= 7,
            let count = Int(argument.dropLast()), count >= 0
        else { return nil }
        seconds = count * unit
    }
}
