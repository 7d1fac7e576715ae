/// The systemd unit that keeps a controller running (systemd.service(5)).
package enum ServiceUnit {
    /// `executable` is where `kiln` is installed, `home` another home than the default one, `metrics` the address to give them at,
    /// `archives` how often they are asked, `keyFile` another place of the configuration store's key.
    package static func text(
        executable: String,
        home: String? = nil,
        metrics: String? = nil,
        archives: String? = nil,
        keyFile: String? = nil
    ) -> String {
        let variables = [home.map { "KILN_HOME=\($0)" }, keyFile.map { "KILN_CONFIG_KEY_FILE=\($0)" }]
        let environment = variables.compactMap(\.self).map { "Environment=\(quoted($0))\n" }.joined()
        let options = [
            metrics.map { " --metrics " + word($0) }, archives.map { " --check-archives " + word($0) },
        ]
        let start = word(executable) + " serve" + options.compactMap(\.self).joined()
        return """
            [Unit]
            Description=Kiln, which keeps the fleets of this machine
            After=local-fs.target network-online.target
            Wants=network-online.target
            RequiresMountsFor=\(quotedWhereNeeded(home ?? defaultHome))
            # However often it fails, it is started again: nobody else heals the fleets.
            StartLimitIntervalSec=0

            [Service]
            Type=notify
            NotifyAccess=main
            \(environment)ExecStart=\(start)
            Restart=always
            RestartSec=3
            WatchdogSec=60
            # Operations under way finish; what is cut off then is taken up by the next start.
            TimeoutStopSec=120
            # Instances, their supervisors and balancers go on without the controller: only it is stopped. They are in its control
            # group or in groups of their own, which are not systemd's to tidy.
            KillMode=process
            Delegate=yes
            TasksMax=infinity
            # Nothing that gives the service mounts of its own (PrivateTmp=, ProtectSystem=): roots of instances are mounted for all
            # of the machine.

            [Install]
            WantedBy=multi-user.target

            """
    }

    private static let defaultHome = "/var/lib/kiln"

    /// In double quotes, as systemd reads them (systemd.syntax(7)); `%` begins a specifier (systemd.unit(5)).
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for character in text {
            switch character {
            case "\\", "\"": result += "\\\(character)"
            case "\n": result += "\\n"
            case "%": result += "%%"
            default: result.append(character)
            }
        }
        return result + "\""
    }

    private static func quotedWhereNeeded(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "/._-:[]@+=,".utf8.contains(byte)
        }
        return isPlain ? text : quoted(text)
    }

    /// One word of a command line, in which `$` begins a variable (systemd.service(5)).
    private static func word(_ text: String) -> String {
        quotedWhereNeeded(text).replacing("$", with: "$$")
    }
}
