import Testing

@testable import KilnBake

@Suite struct `A package's changelog` {
    static let text = """
        openssl (3.0.15-1~deb12u1) bookworm-security; urgency=medium

          * CVE-2024-5535 (buffer overread), CVE-2024-13176; CVE-2024-5535 again.

         -- A Maintainer <a@example.org>  Mon, 01 Jan 2024 00:00:00 +0000

        openssl (3.0.14-1~deb12u2) bookworm; urgency=high

          * Fix cve names: CVE-2023-0001, CVE-20-1, CVE-2023-12, xCVE-2022-123456.
          * Not a heading: x (1.0) y;

        openssl (3.0.14-1~deb12u1) bookworm; urgency=high

          * CVE-2022-9999
        """

    @Test func `is read by version`() {
        let changelog = Changelog(parsing: Self.text)
        #expect(
            changelog.entries.map(\.version) == ["3.0.15-1~deb12u1", "3.0.14-1~deb12u2", "3.0.14-1~deb12u1"]
        )
    }

    @Test(arguments: [
        (
            "3.0.14-1~deb12u1", "3.0.15-1~deb12u1",
            ["CVE-2022-123456", "CVE-2023-0001", "CVE-2024-5535", "CVE-2024-13176"]
        ),
        ("3.0.14-1~deb12u2", "3.0.15-1~deb12u1", ["CVE-2024-5535", "CVE-2024-13176"]),
        ("3.0.14-1~deb12u1", "3.0.14-1~deb12u2", ["CVE-2022-123456", "CVE-2023-0001"]),
        ("3.0.15-1~deb12u1", "3.0.14-1~deb12u1", []),
    ])
    func `names what was fixed between two versions`(_ old: String, _ new: String, _ fixes: [String]) {
        let entries = Changelog(parsing: Self.text).entries(after: old, upTo: new)
        #expect(VulnerabilityNames.all(in: entries.map(\.text).joined(separator: "\n")) == fixes)
    }

    @Test(arguments: ["", "\n\n", "((((", "x (", ") (;", "CVE-", "CVE-2024-", "é (1) ;\n"])
    func `of rubbish is empty or odd, and never a trap`(_ text: String) {
        let changelog = Changelog(parsing: text)
        _ = changelog.entries(after: "", upTo: "~")
        #expect(VulnerabilityNames.all(in: text).isEmpty)
    }
}
