import Testing

@testable import KilnLock

@Suite struct `The suites of a version` {
    @Test func `are read from apt's table`() {
        let rows = AptSuites.parse(
            """
               openssl | 3.0.15-1 | http://deb.example.org/debian-security bookworm-security/main amd64 Packages
               openssl | 3.0.14-1 | http://deb.example.org/debian stable/updates/main amd64 Packages
               openssl | 3.0.14-1 | http://deb.example.org/debian bookworm/main Sources
            N: a remark

            """
        )
        #expect(
            rows == [
                AptSuites.Row(name: "openssl", version: "3.0.15-1", suite: "bookworm-security"),
                AptSuites.Row(name: "openssl", version: "3.0.14-1", suite: "stable/updates"),
            ]
        )
    }
}
