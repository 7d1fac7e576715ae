/// Which layer of the definition a package belongs into, by its name.
enum PackageKinds {
    enum Kind: Sendable, Hashable {
        /// Tools of the operating system.
        case base
        /// Of a language.
        case runtime
        /// What the server is for.
        case own
    }

    private static let runtimes = [
        "python3", "python", "openjdk-", "default-jre", "default-jdk", "nodejs", "npm", "ruby", "php", "perl",
        "golang", "mono-", "dotnet-",
        "erlang", "elixir", "ghc", "lua", "r-base", "temurin-", "libapache2-mod-php", "php-", "swift",
    ]

    private static let tools: Set<String> = [
        "ca-certificates", "tzdata", "locales", "curl", "wget", "gnupg", "openssl", "git", "rsync", "vim",
        "vim-tiny", "nano", "less", "htop", "tmux",
        "screen", "sudo", "openssh-client", "openssh-server", "ssh", "cron", "rsyslog", "logrotate", "procps",
        "iproute2", "iputils-ping", "net-tools",
        "dnsutils", "bind9-dnsutils", "lsof", "strace", "tcpdump", "unzip", "zip", "xz-utils", "bzip2",
        "zstd", "file", "man-db", "bash-completion",
        "apt-transport-https", "lsb-release", "software-properties-common", "debian-archive-keyring",
        "debconf-utils", "jq", "dialog", "apt-utils", "netcat-openbsd", "build-essential",
        "gcc", "make", "fail2ban", "ufw", "unattended-upgrades", "systemd", "systemd-sysv", "dbus",
        "libpam-systemd", "ifupdown", "isc-dhcp-client", "udev", "kmod",
    ]

    static func kind(_ name: String) -> Kind {
        if tools.contains(name) { return .base }
        return runtimes.contains { name.hasPrefix($0) } ? .runtime : .own
    }
}
