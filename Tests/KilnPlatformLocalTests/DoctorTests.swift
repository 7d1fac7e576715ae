import KilnPlatformLocal
import KilnSystem
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite struct `The doctor` {
    @Test func `a machine that runs these tests has everything`() async throws {
        let findings = await LocalPlatform.doctor()
        #expect(findings.filter { $0.status != .present } == [])
        let runtime = try #require(findings.first { $0.name == "runc" })
        #expect(runtime.detail.first?.isNumber == true)
    }

    @Test(arguments: [
        ("runc version 1.1.5+ds1\ncommit: x", "1.1.5+ds1"),
        ("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/", "2.6.12-1+deb12u4"),
        ("gpgv (GnuPG) 2.2.40", "2.2.40"),
        ("ip utility, iproute2-6.1.0, libbpf 1.1.2", "6.1.0"),
        ("apt 2.6.1 (amd64)", "2.6.1"),
        ("no number", ""),
    ])
    func `a version is found in what a tool says`(said: String, version: String) {
        #expect(NeededTool.version(said) == version)
    }
}
