import ArgumentParser
import Glibc
import KilnCatalog
import KilnControl
import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnPlatformLocal
import KilnServer
import KilnStore
import KilnSystem
import Synchronization

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Keep every fleet as it should be, for as long as it runs.",
        discussion: """
            Brings back what was running before a reboot, goes on with rollouts that nobody drives, replaces instances that die, \
            fall ill, drift or grow too old, and restores balancers. Paused and frozen fleets are left alone. Other commands have it \
            carry out their changes, and say and end as they do without it.

            SIGTERM and Ctrl-C end it once what is under way has finished; instances keep running. --unit prints a systemd unit for \
            this program and home.

            Examples:

              kiln serve
              kiln serve --metrics 127.0.0.1:9464
              kiln serve --check-archives 6h      ask archives how far behind fleets are
              kiln serve --unit > /etc/systemd/system/kiln.service
            """
    )

    @Flag(help: "Print a systemd unit, and do nothing else.")
    var unit = false

    @Option(
        help: ArgumentHelp(
            "Also give metrics over TCP there: an IP address and a port, or a port on loopback.",
            valueName: "address"
        )
    )
    var metrics: String?

    @Option(
        help: ArgumentHelp(
            "Ask the archives so often how far fleets' images are behind, such as 6h; locks and fleets stay as they are.",
            valueName: "interval"
        )
    )
    var checkArchives: AgeOption?

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let address = try metrics.map { try MetricsAddress(parsing: $0) }
        guard !unit else { return context.console.result(unitText(context, address)) }
        let fleets = try FleetContext(context)
        let notifier = ServiceNotifier(environment: context.environment)
        // What is started from here has nothing to tell the service manager.
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) }
        try fleets.home.makeRuntime()
        try await ControllerLock(fleets.home).hold {
            try await ServeProgress.show(format.format, on: context) {
                try await keep(fleets, notifier, address, context)
            }
        }
    }

    private func keep(
        _ fleets: FleetContext,
        _ notifier: ServiceNotifier?,
        _ metrics: MetricsAddress?,
        _ context: CommandContext
    ) async throws {
        let board = MetricsBoard()
        let controller = Controller(
            store: fleets.store,
            platform: fleets.platform,
            inspect: Self.inspector(fleets, board),
            storeLock: StoreLock(fleets.home)
        )
        let names = try await fleets.store.fleets().map(\.name.description)
        ServeProgress.tell(
            names.isEmpty
                ? "no fleets in \(fleets.home.root) yet; they are kept as they come"
                : "keeping \(names.joined(separator: ", ")) of \(fleets.home.root)"
        )
        let (stop, format) = (fleets.stop, self.format.format)
        try await context.interruption.deferring {
            notifier?.send(.stopping)
            ServeProgress.tell(
                "stopping after what is under way; again to stop at once",
                on: context,
                format
            )
            stop.request(.leaving)
        } _: {
            let archives = checkArchives.map {
                ArchiveWatch(fleets: fleets, registry: context.registry(), interval: .seconds($0.seconds))
            }
            let desk = ServeDesk(
                fleets: fleets,
                controller: controller,
                board: board,
                metrics: metrics,
                archives: archives
            )
            try await desk.run(until: stop, signs: ServiceSigns(notifier, board).signs)
        }
        ServeProgress.tell("stopped; instances keep running")
    }

    private static func inspector(
        _ fleets: FleetContext,
        _ board: MetricsBoard
    ) -> Controller.DriftInspector {
        let memory = ReleaseMemory(fleets.store)
        let inspection = DriftInspection(fleets: fleets)
        let scrub = DriftScrub(inspection)
        return { fleet in
            let numbers = try fleets.platform.releaseNumbers(of: fleet)
            let releases = try await memory.releases(numbers, of: fleet)
            let report = try await scrub.report(of: fleet, releases: releases)
            board.note(report, of: fleet)
            // What cannot be kept keeps nobody from replacing it.
            do { try await inspection.keepEvidence(of: report) } catch {
                for diagnostic in error.asDiagnostics { Progress.report(.diagnostic(diagnostic)) }
            }
            return report
        }
    }

    private func unitText(_ context: CommandContext, _ metrics: MetricsAddress?) -> String {
        // Absolute, wherever the manager starts it; the default one of root needs no word.
        let isNamed = context.environment["KILN_HOME"]?.isEmpty == false
        let isKeyNamed = context.environment["KILN_CONFIG_KEY_FILE"]?.isEmpty == false
        let text = ServiceUnit.text(
            executable: ExecutableSearch.own ?? "/usr/bin/kiln",
            home: isNamed ? "\(context.home.root)" : nil,
            metrics: metrics?.description,
            archives: checkArchives?.text,
            keyFile: isKeyNamed ? "\(context.configKeyFile.absolute)" : nil
        )
        return String(text.dropLast())
    }
}

/// What the service manager hears of a controller.
private final class ServiceSigns: Sendable {  // a class: remembers when it spoke last
    private let notifier: ServiceNotifier?
    private let board: MetricsBoard
    private let last = Mutex<BootInstant?>(nil)

    init(_ notifier: ServiceNotifier?, _ board: MetricsBoard) {
        self.notifier = notifier
        self.board = board
    }

    var signs: Controller.Signs {
        Controller.Signs {
            self.notifier?.send(.ready)
            ServeProgress.tell("every fleet has been looked at")
        } alive: {
            self.alive()
        } looked: {
            self.board.note(look: $0)
        }
    }

    private func alive() {
        guard let notifier, let interval = notifier.watchdogInterval else { return }
        let now = BootInstant.now
        let isDue = last.withLock { last in
            guard last.map({ $0.duration(to: now) >= interval }) ?? true else { return false }
            last = now
            return true
        }
        if isDue { notifier.send(.watchdog) }
    }
}
