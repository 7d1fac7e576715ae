import KilnArchive
import KilnSecrets

/// What the server starts by itself: services, timers, cron jobs, kernel settings, and the ports of all of them. Pure.
struct ServiceSurvey: Sendable {
    private(set) var services: [ServerService] = []
    /// What the machine runs for itself; no instance needs it.
    private(set) var machineServices: [String] = []
    private(set) var timers: [ServerTimer] = []
    private(set) var jobs: [CronJob] = []
    private(set) var sysctls: [SysctlReader.Setting] = []
    private(set) var ports: [ListeningPort] = []
    private let survey: ServerSurvey
    private let units: UnitFolder
    /// Paths of homes that a service uses.
    private var used: [String] = []

    init(_ survey: ServerSurvey, owner: @escaping (String) -> String?) {
        self.survey = survey
        units = UnitFolder(survey)
        ports = survey.paths(below: "etc").flatMap { path in
            Self.isDisabled(path, survey) ? [] : ListenReader.read(path, survey.bytes(path) ?? [])
        }
        readSettings()
        for name in units.enabled { add(name, owner) }
        services.sort { $0.name < $1.name }
        machineServices.sort()
        used = services.flatMap { service in
            (service.command + [service.folder ?? ""]).filter {
                $0.hasPrefix("/home/") || $0.hasPrefix("/root/")
            }
            .map { String($0.dropFirst()) } + service.environmentFiles
        }
    }

    /// Sites that are there and not enabled listen on nothing.
    private static func isDisabled(_ path: String, _ survey: ServerSurvey) -> Bool {
        for (available, enabled) in [
            ("etc/nginx/sites-available/", "etc/nginx/sites-enabled/"),
            ("etc/apache2/sites-available/", "etc/apache2/sites-enabled/"),
        ]
        where path.hasPrefix(available) {
            let name = path.dropFirst(available.count)
            return !survey.links(below: String(enabled.dropLast())).contains {
                $0.target.hasSuffix("/" + name)
            }
        }
        return path.hasSuffix("~") || path.contains(".dpkg-")
    }

    /// What this machine listens on now counts for more than what files say.
    mutating func add(live: [ListeningPort]) {
        ports += live.filter { found in
            !ports.contains { $0.port == found.port && $0.program == found.program }
        }
    }

    /// Folders that services write, from the root.
    var writtenFolders: [String] {
        // A home that is the program's own folder holds the program too.
        Array(Set(services.flatMap(\.writes))).filter { $0.contains("/") }.sorted()
    }

    /// Whether a service refers to the path, which lies in a person's home, or to something below or above it.
    func uses(_ path: String) -> Bool {
        used.contains { place in
            guard !place.isEmpty else { return false }
            let folder = EntryPath.components(place).prefix(3).joined(separator: "/")
            return EntryPath.isAt(path, orBelow: folder) || EntryPath.isAt(folder, orBelow: path)
        }
    }

    // MARK: - Settings

    private mutating func readSettings() {
        for path in survey.paths(below: "etc")
        where path == "etc/sysctl.conf" || path.hasPrefix("etc/sysctl.d/") {
            guard path.hasSuffix(".conf") else { continue }
            sysctls += SysctlReader.read(survey.bytes(path) ?? [], file: path)
        }
        for path in survey.paths(below: "etc") {
            guard path == "etc/crontab" || path.hasPrefix("etc/cron.d/"), !path.contains(".dpkg-"),
                !path.hasSuffix(".placeholder")
            else { continue }
            jobs += CronReader.read(survey.bytes(path) ?? [], file: path, user: nil)
        }
        for path in survey.paths(below: "var/spool/cron/crontabs") {
            jobs += CronReader.read(survey.bytes(path) ?? [], file: path, user: EntryPath.split(path).name)
        }
    }

    // MARK: - Units

    private mutating func add(_ unit: String, _ owner: (String) -> String?) {
        guard let (path, file) = units.unit(unit) else { return }
        if unit.hasSuffix(".timer") { return addTimer(unit, path, file, owner) }
        guard unit.hasSuffix(".service") else { return }
        let name = String(unit.dropLast(8))
        let package = owner(path)
        let generic = name.firstIndex(of: "@").map { String(name[...$0]) } ?? name
        let isMachine = KnownServices.machine.contains(name) || KnownServices.machine.contains(generic)
        if package != nil,
            isMachine || name.hasPrefix("systemd-")
                || file.last("Service", "Type") == "oneshot" && !name.hasPrefix("postgresql")
        {
            if !machineServices.contains(name) { machineServices.append(name) }
            return
        }
        // postgresql.service only stands for its clusters.
        guard
            !services.contains(where: {
                $0.name == name || (name.hasPrefix("postgresql") && $0.name.hasPrefix("postgresql"))
            })
        else { return }
        services.append(service(name, path, file, package))
    }

    private func service(
        _ name: String,
        _ path: String,
        _ file: UnitFile,
        _ package: String?
    ) -> ServerService {
        var service = ServerService(
            name: name,
            unit: path,
            package: package,
            command: UnitCommand.words(file.last("Service", "ExecStart") ?? "", unit: name),
            user: file.last("Service", "User").flatMap { AccountReader.isName($0) ? $0 : nil },
            folder: file.last("Service", "WorkingDirectory").flatMap { UnitCommand.folder($0) },
            environment: [:],
            environmentFiles: file.words("Service", "EnvironmentFile").filter { $0.contains("/") }.map {
                String($0.drop { $0 == "-" || $0 == "/" })
            },
            writes: UnitCommand.folders(file, ["StateDirectory"], below: "var/lib")
                + file.words("Service", "ReadWritePaths").map { String($0.drop { "-+/".contains($0) }) },
            scratch: UnitCommand.folders(file, ["RuntimeDirectory"], below: "run")
                + UnitCommand.folders(file, ["CacheDirectory"], below: "var/cache")
                + UnitCommand.folders(file, ["LogsDirectory"], below: "var/log"),
            ports: [],
            stopSignal: file.last("Service", "KillSignal").map {
                $0.hasPrefix("SIG") ? String($0.dropFirst(3)) : $0
            },
            remarks: UnitCommand.remarks(file)
        )
        for variable in file.words("Service", "Environment") {
            guard let equals = variable.firstIndex(of: "=") else { continue }
            let name = String(variable[..<equals])
            guard VariablesReader.isName(name) else { continue }
            service.environment[name] = String(variable[variable.index(after: equals)...])
        }
        settleWrites(&service)
        applyKnown(name, &service)
        service.ports = ports(of: service)
        return service
    }

    /// What passes is no state, and a folder that holds the program is none either, though the program may write there.
    private func settleWrites(_ service: inout ServerService) {
        let passing = ["run", "tmp", "var/tmp", "var/log", "var/cache", "dev", "proc", "sys"]
        var kept: [String] = []
        for folder in service.writes.compactMap({ EntryPath.normalized($0) })
        where folder.contains("/") || folder == "run" || folder == "tmp" {
            if passing.contains(where: { EntryPath.isAt(folder, orBelow: $0) }) {
                service.scratch.append(folder)
            } else if service.command.contains(where: {
                EntryPath.isAt(String($0.drop { $0 == "/" }), orBelow: folder)
            }) {
                service.remarks.append(
                    "the unit may write /\(folder), which holds the program: an image is read-only, declare what below it is state"
                )
            } else {
                kept.append(folder)
            }
        }
        service.writes = kept
        service.scratch = service.scratch.compactMap { EntryPath.normalized($0) }
    }

    private func applyKnown(_ name: String, _ service: inout ServerService) {
        guard service.package != nil, let known = KnownServices.start(name, folders: survey.knownFolders)
        else { return }
        service.command = known.command
        service.user = known.user ?? service.user
        service.writes += known.state
        service.scratch += known.scratch
        service.remarks = [known.remark].compactMap(\.self)
    }

    private func ports(of service: ServerService) -> [UInt16] {
        let named = ports.filter { isOf($0, service) }.map(\.port)
        if !named.isEmpty { return unique(named) }
        let spoken = ListenReader.ports(ofCommand: service.command, unit: service.name, file: service.unit)
            .map(\.port)
        let variables = service.environment.filter {
            $0.key == "PORT" || $0.key.hasSuffix("_PORT") && !$0.key.contains("DB")
        }
        let set = variables.sorted { $0.key < $1.key }.compactMap { UInt16($0.value) }
        let known = KnownServices.start(service.name, folders: survey.knownFolders)?.port
        return unique(spoken.isEmpty ? (set.isEmpty ? [known].compactMap(\.self) : set) : spoken)
    }

    private func isOf(_ port: ListeningPort, _ service: ServerService) -> Bool {
        let program = port.program
        return program == service.name || program == service.name + ".socket"
            || service.name.hasPrefix(program + "-")
            || service.name.hasPrefix(program + "@") || (program == "mysql" && service.name == "mariadb")
    }

    private func unique(_ ports: [UInt16]) -> [UInt16] {
        var seen: Set<UInt16> = []
        return ports.filter { $0 > 0 && seen.insert($0).inserted }
    }

    private mutating func addTimer(
        _ unit: String,
        _ path: String,
        _ file: UnitFile,
        _ owner: (String) -> String?
    ) {
        // Timers of packages are the packages' own business.
        guard owner(path) == nil else { return }
        let target = file.last("Timer", "Unit") ?? unit.dropLast(6) + ".service"
        let command = units.unit(target)?.file.last("Service", "ExecStart") ?? target
        let keys = ["OnCalendar", "OnBootSec", "OnUnitActiveSec", "OnActiveSec"]
        let schedule = keys.flatMap { key in file.all("Timer", key).map { "\(key)=\($0)" } }.joined(
            separator: " "
        )
        timers.append(
            ServerTimer(name: String(unit.dropLast(6)), unit: path, schedule: schedule, command: command)
        )
    }
}
