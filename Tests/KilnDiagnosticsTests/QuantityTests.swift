import KilnDiagnostics
import Testing

@Suite struct `Quantities for people` {
    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (102_348, "99.9 KiB"), (110_000, "107 KiB"),
        (1 << 20, "1.0 MiB"), (1500 << 40, "1500 TiB"),
    ])
    func `are sizes of three digits and a unit`(bytes: Int64, text: String) {
        #expect(Quantities.bytes(bytes) == text)
    }

    @Test(arguments: [(0, "0 files"), (1, "1 file"), (2, "2 files")])
    func `are counts that agree with their noun`(count: Int, text: String) {
        #expect(Quantities.count(count, "file") == text)
    }

    @Test(arguments: [
        (Duration.milliseconds(40), "0.0 s"), (.milliseconds(12_340), "12.3 s"), (.seconds(185), "3m05s"),
        (.seconds(7800), "2h10m"), (.seconds(90_000), "1d01h"),
    ])
    func `are times as long as they matter`(duration: Duration, text: String) {
        #expect(Quantities.duration(duration) == text)
    }

    @Test func `are lists that end`() {
        #expect(Quantities.first(of: []) == "-")
        #expect(Quantities.first(2, of: ["a", "b"]) == "a, b")
        #expect(Quantities.first(2, of: ["a", "b", "c"]) == "a, b and 1 more")
    }
}
