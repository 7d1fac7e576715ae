import KilnDefinition
import SystemPackage
import Testing

@Suite struct `Values as texts` {
    @Test(arguments: [
        ("0s", Duration.zero), ("500ms", .milliseconds(500)), ("1s", .seconds(1)), ("5m", .seconds(300)),
        ("1h", .seconds(3600)), ("720h", .seconds(2_592_000)), ("1500ms", .milliseconds(1500)),
    ])
    func `durations come back as they were written`(text: String, duration: Duration) throws {
        #expect(try DurationText.parse(text) == duration)
        #expect(DurationText.text(duration) == text)
    }

    @Test(arguments: [
        "", "s", "10", "01s", "1.5s", "-1s", "+1s", " 1s", "1 s", "1S", "1d", "99999999999h", "١s", "721h",
    ])
    func `no durations`(text: String) {
        #expect(throws: ValueError.self) { try DurationText.parse(text) }
    }

    @Test(
        arguments: [
            ("1", 1), ("4096", 4096), ("1KiB", 1024), ("64MiB", 64 << 20), ("1GiB", 1 << 30),
            ("2TiB", 2 << 40),
            ("1kB", 1000), ("64MB", 64_000_000), ("1GB", 1_000_000_000),
        ] as [(String, Int64)]
    )
    func `sizes`(text: String, bytes: Int64) throws {
        #expect(try ByteSize.parse(text) == bytes)
        #expect(try ByteSize.parse(ByteSize.text(bytes)) == bytes)
    }

    @Test(arguments: [
        "", "0", "01", "MiB", "1M", "1Mi", "1mib", "1.5GiB", "-1", "1 MiB", "1KB", "9999999999999999TiB",
    ])
    func `no sizes`(text: String) {
        #expect(throws: ValueError.self) { try ByteSize.parse(text) }
    }

    @Test(arguments: [
        "1.2.3.4:1", "0.0.0.0:65535", "127.0.0.1:8080", "[::1]:80", "[2001:db8::5]:443", "[::]:80",
    ])
    func `addresses`(text: String) throws {
        #expect(try ListenAddress(parsing: text).description == text)
    }

    @Test(arguments: [
        "", ":80", "80", "1.2.3:80", "1.2.3.4.5:80", "1.2.3.4:", "1.2.3.4:065", "1.2.3.04:80",
        "1.2.3.4:65536", "::1:80", "[::1]", "[::1]:", "[1.2.3.4]:80", "[::g]:80", "[fe80::1%eth0]:80",
        "[]:80",
    ])
    func `no addresses`(text: String) {
        #expect(throws: ValueError.self) { try ListenAddress(parsing: text) }
    }

    @Test(arguments: [
        ("1", 1.0), ("0", 0), ("0.5", 0.5), ("12.25", 12.25), ("1.05", 1.05), ("1000", 1000),
    ])
    func `decimals come back as they were written`(text: String, value: Double) {
        #expect(DecimalText.parse(text) == value)
        #expect(DecimalText.text(value) == text)
    }

    @Test(arguments: ["", ".", "1.", ".5", "01", "1.234", "-1", "+1", "1e3", "1,5", "12345", "1.2.3", "١"])
    func `no decimals`(text: String) {
        #expect(DecimalText.parse(text) == nil)
    }

    @Test(
        arguments: [("0", .count(0)), ("7", .count(7)), ("0%", .percent(0)), ("100%", .percent(100))]
            as [(String, RolloutDefinition.Amount)]
    )
    func `amounts`(text: String, amount: RolloutDefinition.Amount) throws {
        #expect(try RolloutDefinition.Amount(parsing: text) == amount)
        #expect(amount.text == text)
    }

    @Test(arguments: [
        ("/a", "/", true), ("/a/b", "/a", true), ("/a", "/a", true), ("/ab", "/a", false),
        ("/a", "/a/b", false),
    ])
    func `paths below paths`(path: String, above: String, isBelow: Bool) {
        #expect(ImagePath.isAtOrBelow(path, above) == isBelow)
    }

    @Test(arguments: [("./a//b/.", "a/b"), ("a", "a"), (".", "."), ("a/./b", "a/b"), ("..a/b..", "..a/b..")])
    func `sources in their simplest form`(text: String, path: String) throws {
        #expect(try SourcePath.parse(text).string == path)
    }
}
