import Glibc

/// `kiln serve` of a home, restarted when it dies, as a service manager would.
package final class ServedHome {  // a class: it owns the process
    package let home: TestHome
    package private(set) var process: Int32 = 0
    private var log: String { "\(home.folder)/serve.log" }

    package init(_ home: TestHome) throws {
        self.home = home
        try start()
    }

    package var said: String { Text.read(log) }

    private func start() throws {
        process = try home.shell.start("exec \(home.line("serve"))", to: log)
    }

    /// Whether it had ended by itself.
    func restartIfGone() throws -> Bool {
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return false }
        try start()
        return true
    }

    func kill() throws {
        Glibc.kill(process, SIGKILL)
        Shell.wait(for: process)
        usleep(100_000)
        try start()
    }

    /// Ends it well.
    package func end() {
        Glibc.kill(process, SIGTERM)
        Shell.wait(for: process)
    }
}

/// Waits until the condition holds; gives the seconds that took, nil when the time was up.
package func waitUntil(
    _ limit: Double,
    every pause: UInt32 = 20_000,
    _ condition: () throws -> Bool
) rethrows -> Double? {
    let start = seconds()
    while true {
        if try condition() { return seconds() - start }
        if seconds() - start > limit { return nil }
        usleep(pause)
    }
}
