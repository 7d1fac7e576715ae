import Glibc

/// The signals that a release may name to end its instances.
package enum SignalName {
    package static let numbers: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "KILL": SIGKILL, "USR1": SIGUSR1, "USR2": SIGUSR2,
        "TERM": SIGTERM, "WINCH": SIGWINCH, "CONT": SIGCONT, "PWR": SIGPWR,
    ]

    /// SIGTERM for a name that is not known.
    static func number(of name: String) -> Int32 {
        numbers[name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name] ?? SIGTERM
    }
}
