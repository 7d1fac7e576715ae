/// Linux's signals (signal(7)); their numbers are the same on all of Kiln's platforms.
enum LinuxSignal {
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
        "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM",
        "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]
    /// SIGRTMIN, as glibc and the OCI runtimes count.
    private static let firstRealTime: Int32 = 34

    /// Without `SIG`.
    static func name(of number: Int32) -> String? {
        switch number {
        case 1...31: names[Int(number) - 1]
        case firstRealTime: "RTMIN"
        case firstRealTime + 1...64: "RTMIN+\(number - firstRealTime)"
        default: nil
        }
    }

    /// What an image's configuration calls it: OCI has `SIGTERM`, builders take `TERM` and `15` too. Without `SIG`; nil
    /// for what is none.
    static func name(parsing text: String) -> String? {
        if let number = Int32(text) { return name(of: number) }
        let name = text.uppercased()
        let bare = name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name
        return (1...64).contains { Self.name(of: $0) == bare } ? bare : nil
    }
}
