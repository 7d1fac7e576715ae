/// Servers whose units fork, notify or wrap: how an image starts them, and what they write.
enum KnownServices {
    struct Start: Sendable {
        var command: [String]
        var user: String?
        /// Kept.
        var state: [String]
        /// Made anew at each start.
        var scratch: [String]
        var port: UInt16?
        var remark: String?
    }

    static func start(_ unit: String, folders: Set<String>) -> Start? {
        switch unit {
        case "nginx":
            Start(
                command: ["/usr/sbin/nginx", "-g", "daemon off;"],
                state: [],
                scratch: ["var/lib/nginx", "var/log/nginx", "run"],
                port: 80,
                remark: "the unit lets nginx fork; in front it stays with daemon off"
            )
        case "apache2":
            Start(
                command: ["/usr/sbin/apache2ctl", "-D", "FOREGROUND"],
                state: [],
                scratch: ["var/log/apache2", "run"],
                port: 80,
                remark: "the unit lets apache2 fork; in front it stays with -D FOREGROUND"
            )
        case "haproxy":
            Start(
                command: ["/usr/sbin/haproxy", "-W", "-db", "-f", "/etc/haproxy/haproxy.cfg"],
                state: [],
                scratch: ["run"],
                remark: "the unit waits for haproxy's notice (-Ws); without systemd it runs with -W -db"
            )
        case "redis-server":
            Start(
                command: [
                    "/usr/bin/redis-server", "/etc/redis/redis.conf", "--daemonize", "no", "--supervised",
                    "no",
                ],
                user: "redis",
                state: ["var/lib/redis"],
                scratch: ["var/log/redis", "run"],
                port: 6379
            )
        case "mariadb", "mysql":
            Start(
                command: ["/usr/sbin/" + (unit == "mysql" ? "mysqld" : "mariadbd"), "--user=mysql"],
                user: "mysql",
                state: ["var/lib/mysql"],
                scratch: ["run", "tmp"],
                port: 3306
            )
        case "memcached":
            Start(
                command: ["/usr/bin/memcached", "-u", "memcache", "-m", "64", "-p", "11211"],
                state: [],
                scratch: [],
                port: 11211
            )
        default: postgres(unit, folders)
        }
    }

    /// Debian starts each cluster by a wrapper (`postgresql@15-main`).
    private static func postgres(_ unit: String, _ folders: Set<String>) -> Start? {
        guard unit == "postgresql" || unit.hasPrefix("postgresql@") else { return nil }
        var clusters = folders.compactMap { folder -> (version: String, name: String)? in
            let names = folder.split(separator: "/").map(String.init)
            return names.count == 4 && names[0...1] == ["etc", "postgresql"] ? (names[2], names[3]) : nil
        }
        clusters.sort { ($0.version, $0.name) < ($1.version, $1.name) }
        guard let cluster = clusters.last else { return nil }
        let (version, name) = cluster
        return Start(
            command: [
                "/usr/lib/postgresql/\(version)/bin/postgres", "-D", "/var/lib/postgresql/\(version)/\(name)",
                "-c",
                "config_file=/etc/postgresql/\(version)/\(name)/postgresql.conf",
            ],
            user: "postgres",
            state: ["var/lib/postgresql"],
            scratch: ["run", "var/log/postgresql", "tmp"],
            port: 5432,
            remark: clusters.count > 1
                ? "there are \(clusters.count) clusters; this is \(version)/\(name)" : nil
        )
    }

    /// What a machine runs for itself: an instance has the host's, or none.
    static let machine: Set<String> = [
        "getty@", "getty@tty1", "serial-getty@", "autovt@", "console-getty", "cron", "crond", "ssh", "sshd",
        "rsyslog", "syslog", "systemd-timesyncd", "systemd-networkd",
        "systemd-resolved", "systemd-pstore", "systemd-oomd", "networking", "dbus",
        "dbus-org.freedesktop.timesync1",
        "dbus-org.freedesktop.resolve1", "dbus-org.freedesktop.network1", "dbus-org.freedesktop.login1",
        "dbus-fi.w1.wpa_supplicant1",
        "e2scrub_reap", "e2scrub_all", "fstrim", "apt-daily", "apt-daily-upgrade", "dpkg-db-backup", "man-db",
        "logrotate", "unattended-upgrades",
        "chrony", "chronyd", "ntp", "ntpsec", "ifup@", "wpa_supplicant", "NetworkManager",
        "NetworkManager-dispatcher", "NetworkManager-wait-online", "ModemManager",
        "qemu-guest-agent", "open-vm-tools", "cloud-init", "cloud-init-local", "cloud-config", "cloud-final",
        "keyboard-setup", "console-setup",
        "kmod", "udev", "lvm2-monitor", "blk-availability", "smartmontools", "smartd", "irqbalance", "acpid",
        "anacron", "atd", "apparmor", "auditd",
        "fail2ban", "ufw", "nftables", "netfilter-persistent", "remote-fs", "rc-local", "sysstat", "polkit",
        "accounts-daemon", "snapd",
        "multipathd", "iscsi", "open-iscsi", "grub-common", "grub-initrd-fallback", "pppd-dns", "rsync",
        "x11-common", "hwclock",
        "procps", "sudo", "bluetooth", "avahi-daemon", "cups", "exim4", "lm-sensors", "binfmt-support",
        "kiln",
    ]
}
