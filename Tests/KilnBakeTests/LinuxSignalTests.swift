import Testing

@testable import KilnBake

@Suite struct `A signal of an image's configuration` {
    @Test(arguments: [
        ("SIGTERM", "TERM"), ("TERM", "TERM"), ("sigquit", "QUIT"), ("3", "QUIT"), ("15", "TERM"),
        ("28", "WINCH"),
        ("SIGRTMIN+3", "RTMIN+3"), ("37", "RTMIN+3"),
    ])
    func `is known by its name and by its number`(_ text: String, _ name: String) {
        #expect(LinuxSignal.name(parsing: text) == name)
    }

    @Test(arguments: ["", "SIG", "0", "65", "33", "-1", "NOSUCH"])
    func `is none that Linux does not have`(_ text: String) {
        #expect(LinuxSignal.name(parsing: text) == nil)
    }
}
