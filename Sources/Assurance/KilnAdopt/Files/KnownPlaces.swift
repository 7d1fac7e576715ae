import KilnArchive

/// Places of a Debian root that nobody writes by hand, or that belong to one machine alone.
enum KnownPlaces {
    /// What makes the file, where something does; nil for all others. Paths of packages are told before.
    static func noise(_ path: String) -> String? {
        if let why = exact[path] { return why }
        var place = path[...]
        while true {
            if let why = folders[place] { return why }
            guard let slash = place.utf8.lastIndex(of: UInt8(ascii: "/")) else { break }
            place = place[..<slash]
        }
        let (parent, name) = EntryPath.split(path)
        if name.hasSuffix(".pyc") || name == "__pycache__" { return "python's byte code" }
        if let why = suffixes.first(where: { name.hasSuffix($0.0) })?.1 { return why }
        if path.hasPrefix("etc/rc"), isRunlevel(parent) {
            return "links that packages make to their init scripts"
        }
        if path.hasPrefix("etc/systemd/"), name.hasSuffix(".wants") || name.hasSuffix(".requires") {
            return "systemd's list of what starts"
        }
        if names.contains(name) { return "history and caches of people's tools" }
        if path.hasPrefix("usr/"), let why = caches.first(where: { name == $0.0 })?.1 { return why }
        if path.hasPrefix("usr/lib/modules/") || path.hasPrefix("lib/modules/"), name.hasPrefix("modules.") {
            return "depmod"
        }
        if isPythonEgg(parent, name) { return "python's byte code" }
        return nil
    }

    private static let exact: [String: String] = [
        "etc/ld.so.cache": "ldconfig", "etc/machine-id": "each machine has its own",
        "etc/.pwd.lock": "the account tools",
        "etc/mtab": "the kernel's list of mounts", "etc/resolv.conf": "each instance gets its own",
        "etc/hostname": "each instance gets its own", "etc/hosts": "each instance gets its own",
        "etc/mailname": "each machine has its own", "etc/adjtime": "the machine's clock",
        "etc/fstab": "the machine's disks",
        "etc/crypttab": "the machine's disks", "etc/udev/hwdb.bin": "systemd-hwdb",
        "etc/papersize": "libpaper", "etc/aliases.db": "newaliases", "etc/shells": "the shells' packages",
        "etc/nsswitch.conf": "libc-bin and base-files", "etc/profile": "base-files", "etc/motd": "base-files",
        "etc/dpkg/origins/default": "base-files", "etc/issue.d": "base-files", "etc/os-release": "base-files",
        "etc/debian_chroot": "the chroot's tool", "etc/ssl/certs": "update-ca-certificates",
        "etc/environment": "an empty file that packages make", "root/.bashrc": "base-files",
        "root/.profile": "base-files",
        "usr/lib/locale/locale-archive": "locale-gen", "usr/share/info/dir": "install-info",
        "usr/lib/udev/hwdb.bin": "systemd-hwdb",
        "usr/share/applications/mimeinfo.cache": "update-desktop-database", "usr/lib/ssl/cert.pem": "openssl",
        "initrd.img": "the kernel", "initrd.img.old": "the kernel", "vmlinuz": "the kernel",
        "vmlinuz.old": "the kernel",
        "bin": "the merged /usr", "sbin": "the merged /usr", "lib": "the merged /usr",
        "lib32": "the merged /usr",
        "lib64": "the merged /usr", "libx32": "the merged /usr", ".dockerenv": "docker",
        "etc/subuid": "useradd", "etc/subgid": "useradd", "etc/opt": "base-files",
        "usr/local/man": "base-files", "var/spool/mail": "base-files",
        "etc/python3": "python3-minimal", "etc/python3/debian_config": "python3-minimal",
    ]

    private static let folders: [Substring: String] = Dictionary(
        uniqueKeysWithValues: below.map { ($0.0[...], $0.1) }
    )

    /// With all that is in them.
    private static let below: [(String, String)] = [
        ("proc", "the kernel"), ("sys", "the kernel"), ("dev", "the kernel"),
        ("run", "what runs, until it is switched off"),
        ("tmp", "what passes"), ("var/tmp", "what passes"), ("var/run", "what runs"),
        ("var/lock", "what runs"),
        ("lost+found", "the file system"),
        ("boot", "the kernel and its boot loader: instances run on the machine's own"),
        ("var/cache", "caches"), ("var/log", "logs: instances log to their standard output"),
        ("var/backups", "copies of dpkg's and the account files"),
        ("var/lib/dpkg", "dpkg's own"), ("var/lib/apt", "apt's own"), ("var/lib/systemd", "systemd's own"),
        ("var/lib/ucf", "ucf's own"), ("var/lib/pam", "pam-auth-update's own"),
        ("var/lib/dbus", "the machine's name"),
        ("var/lib/polkit-1", "polkit's own"), ("var/lib/misc", "tools' own"),
        ("var/lib/man-db", "man-db's own"),
        ("var/lib/mlocate", "locate's index"), ("var/lib/plocate", "locate's index"),
        ("var/lib/logrotate", "logrotate's own"),
        ("var/lib/initramfs-tools", "the kernel's"), ("var/lib/initscripts", "init's own"),
        ("var/lib/urandom", "a seed of chance"),
        ("var/lib/shells.state", "the shells' packages"), ("var/lib/ispell", "dictionaries' own"),
        ("var/lib/dictionaries-common", "dictionaries' own"), ("var/lib/emacsen-common", "emacs' own"),
        ("var/lib/xml-core", "xml-core's own"), ("var/lib/sgml-base", "sgml-base's own"),
        ("var/lib/binfmts", "binfmt's own"),
        ("var/lib/python", "python's own"), ("var/lib/aspell", "dictionaries' own"),
        ("var/lib/vim", "vim's own"),
        ("var/lib/cloud", "cloud-init's own"), ("var/lib/dhcp", "the machine's leases"),
        ("var/lib/NetworkManager", "the machine's network"),
        ("var/lib/private", "systemd's own"), ("var/lib/os-prober", "os-prober's own"),
        ("var/lib/ca-certificates-java", "keytool's own"),
        ("var/lib/kiln", "Kiln's own"), ("var/lib/usbutils", "usbutils' own"),
        ("var/lib/pci.ids", "pciutils' own"),
        ("var/lib/tomcat", "tomcat's own"), ("var/lib/command-not-found", "an index"),
        ("var/lib/PackageKit", "PackageKit's own"),
        ("var/lib/update-notifier", "notices"), ("var/lib/ubuntu-release-upgrader", "notices"),
        ("var/spool/anacron", "anacron's own"),
        ("etc/network", "the machine's network"), ("etc/netplan", "the machine's network"),
        ("etc/NetworkManager/system-connections", "the machine's network"),
        ("etc/systemd/network", "the machine's network"),
        ("etc/ssl/certs", "update-ca-certificates"), ("usr/share/mime", "update-mime-database"),
        ("etc/apt/trusted.gpg.d", "apt's keys: the definition's archives name theirs"),
        ("etc/apt/keyrings", "apt's keys: the definition's archives name theirs"),
        ("etc/apt/sources.list", "apt's sources: the definition's archives name them"),
        ("etc/apt/sources.list.d", "apt's sources: the definition's archives name them"),
        ("root/.cache", "caches"), ("root/.npm", "caches"),
        ("root/.gnupg/S.gpg-agent", "a socket"), ("usr/lib/locale/C.utf8", "libc"), ("media", "other disks"),
    ]

    private static let suffixes: [(String, String)] = [
        (".dpkg-old", "dpkg's copy of a file it replaced"),
        (".dpkg-dist", "dpkg's copy of a file it did not install"),
        (".dpkg-new", "dpkg's copy"), (".dpkg-tmp", "dpkg's copy"), (".dpkg-bak", "dpkg's copy"),
        (".ucf-old", "ucf's copy"), (".ucf-dist", "ucf's copy"),
        (".swp", "an editor's copy"), ("~", "an editor's copy"), (".pid", "what runs"),
    ]

    /// Of people's homes and anywhere else.
    private static let names: Set<String> = [
        ".bash_history", ".lesshst", ".viminfo", ".python_history", ".wget-hsts", ".mysql_history",
        ".psql_history",
        ".sqlite_history", ".node_repl_history", ".sudo_as_admin_successful", ".zsh_history",
        ".selected_editor",
        ".rediscli_history", ".DS_Store",
    ]

    private static let caches: [(String, String)] = [
        ("icon-theme.cache", "gtk-update-icon-cache"), ("gschemas.compiled", "glib-compile-schemas"),
        ("loaders.cache", "gdk-pixbuf-query-loaders"), ("gconv-modules.cache", "iconvconfig"),
        (".uuid", "fc-cache"),
        ("giomodule.cache", "gio-querymodules"), ("immodules.cache", "gtk-query-immodules"),
        ("classes.jsa", "the JVM's archive of classes"),
        ("classes_nocoops.jsa", "the JVM's archive of classes"), ("ls-R", "mktexlsr"),
    ]

    private static func isRunlevel(_ parent: String) -> Bool {
        let name = EntryPath.split(parent).name
        return name.count == 5 && name.hasPrefix("rc") && name.hasSuffix(".d")
    }

    private static func isPythonEgg(_ parent: String, _ name: String) -> Bool {
        parent.hasSuffix("__pycache__")
    }

    /// Account files: users in the definition, and packages, make them.
    static func isAccounts(_ path: String) -> Bool {
        ["etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"].contains(path)
    }

    static func isAccountBackup(_ path: String) -> Bool {
        path.hasSuffix("-")
            && (isAccounts(String(path.dropLast())) || ["etc/subuid-", "etc/subgid-"].contains(path))
    }

    /// Whether each folder in it is a whole of its own.
    static func isContainer(_ path: String) -> Bool {
        if containers.contains(path) { return true }
        // Places that many have something in: etc/cron.d, etc/profile.d.
        let (parent, name) = EntryPath.split(path)
        return parent == "etc" && (name.hasSuffix(".d") || name.hasPrefix("cron."))
    }

    static let containers: Set<String> = [
        "", "etc", "opt", "srv", "home", "root", "usr", "usr/bin", "usr/sbin", "usr/lib", "usr/share",
        "usr/local", "usr/local/bin",
        "usr/local/sbin", "usr/local/lib", "usr/local/share", "usr/local/etc", "usr/local/include",
        "usr/local/src",
        "usr/local/games", "usr/local/share/man", "usr/local/share/ca-certificates", "usr/src", "var",
        "var/lib", "var/www", "var/www/html", "var/spool",
        "var/spool/cron", "var/spool/cron/crontabs", "var/opt", "var/local", "etc/systemd",
        "etc/systemd/system", "etc/default", "etc/apt",
        "etc/apt/apt.conf.d", "etc/apt/preferences.d",
    ]
}
