import KilnArchive

/// The units of a server by name, those of its own before those of packages, with their drop-ins.
struct UnitFolder: Sendable {
    private static let folders = [
        "etc/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system",
    ]
    private let survey: ServerSurvey
    /// Names that something at boot asks for.
    let enabled: [String]

    init(_ survey: ServerSurvey) {
        self.survey = survey
        let links = survey.links(below: "etc/systemd/system")
        let masked = Set(links.filter { $0.target == "/dev/null" }.map { EntryPath.split($0.path).name })
        var names: Set<String> = []
        for (path, _) in links {
            let (parent, name) = EntryPath.split(path)
            if parent.hasSuffix(".wants") || parent.hasSuffix(".requires") { names.insert(name) }
        }
        // A timer's service is started by the timer.
        enabled = names.subtracting(masked).sorted()
    }

    /// The file and what it says; nil for one that is nowhere.
    func unit(_ name: String) -> (path: String, file: UnitFile)? {
        var names = [name]
        if let at = name.firstIndex(of: "@"), let dot = name.lastIndex(of: ".") {
            names.append(String(name[...at]) + name[dot...])
        }
        for name in names {
            for folder in Self.folders {
                let path = folder + "/" + name
                guard let bytes = survey.bytes(path) else { continue }
                var file = UnitFile(bytes)
                for folder in Self.folders.reversed() {
                    for dropIn in survey.paths(below: folder + "/" + name + ".d")
                    where dropIn.hasSuffix(".conf") {
                        file.add(survey.bytes(dropIn) ?? [])
                    }
                }
                return (path, file)
            }
        }
        return nil
    }
}

/// How a unit's settings read without systemd.
enum UnitCommand {
    /// The words of a command line, without systemd's prefixes; specifiers that are known are put in.
    static func words(_ line: String, unit: String) -> [String] {
        let instance = unit.firstIndex(of: "@").map { String(unit[unit.index(after: $0)...]) } ?? ""
        return UnitFile.split(String(line.drop { "-@+!:".contains($0) })).map { word in
            var word = word
            for (specifier, value) in [
                ("%i", instance), ("%I", instance), ("%n", unit + ".service"), ("%N", unit), ("%t", "/run"),
                ("%S", "/var/lib"), ("%%", "%"),
            ] {
                word = word.replacing(specifier, with: value)
            }
            return word
        }
    }

    static func folder(_ text: String) -> String? {
        let path = text.drop { $0 == "-" }
        guard path.first == "/", !path.contains("%"),
            let clean = EntryPath.normalized(String(path.drop { $0 == "/" })), !clean.isEmpty
        else { return nil }
        return clean.unicodeScalars.contains { $0.value < 32 || $0.value == 127 } ? nil : "/" + clean
    }

    static func folders(_ file: UnitFile, _ keys: [String], below base: String) -> [String] {
        keys.flatMap { file.words("Service", $0) }.filter { $0.first != "/" && !$0.contains("..") }
            .map { base + "/" + $0.prefix { $0 != ":" } }
    }

    static func remarks(_ file: UnitFile) -> [String] {
        var remarks: [String] = []
        switch file.last("Service", "Type") {
        case "forking":
            remarks.append("the unit is of Type=forking: give it the option that keeps it in the foreground")
        case "notify", "notify-reload":
            remarks.append("the unit waits for a notice (Type=notify), which nobody waits for in an instance")
        default: break
        }
        for key in ["ExecStartPre", "ExecStartPost", "ExecStop", "ExecReload"]
        where !file.all("Service", key).isEmpty {
            remarks.append("\(key) of the unit is not carried over")
        }
        if file.last("Service", "Group") != nil {
            remarks.append("the unit names a Group; an instance has its user's own")
        }
        if (file.last("Service", "ExecStart") ?? "").contains("$") {
            remarks.append("the unit's command has variables, which no shell puts in")
        }
        return remarks
    }
}
