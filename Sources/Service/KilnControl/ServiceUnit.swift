/// The systemd unit that keeps a controller running (systemd.service(5)).
package enum ServiceUnit {
    /// `executable` is where `kiln` is installed, `home` another home than the default one.
    package static func text(executable: String, home: String? = nil) -> String {
        let environment = home.map { "Environment=\"KILN_HOME=\($0)\"\n" } ?? ""
        return """
            [Unit]
            Description=Kiln, which keeps the fleets of this machine
            After=local-fs.target network-online.target
            Wants=network-online.target

            [Service]
            Type=notify
            NotifyAccess=main
            \(environment)ExecStart=\(executable) serve
            Restart=always
            RestartSec=1
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
}
