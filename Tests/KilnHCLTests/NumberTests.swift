import KilnHCL
import Testing

@Suite struct NumberTests {
    /// How the reference implementation prints them: as few digits as name the number at its precision.
    @Test(arguments: [
        ("5.1", "5.1"), ("1e30", "1000000000000000000000000000000"), ("1e-7", "0.0000001"),
        ("0.1 + 0.2", "0.3"), ("-0.50", "-0.5"),
        (
            "11 % 5.1",
            "0.80000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000024"
        ),
        (
            "1 / 3",
            "0.33333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333335"
        ),
        (
            "123456789012345678901234567890 * 987654321098765432109876543210",
            "121932631137021795226185032733622923332237463801111263526900"
        ),
        ("log(2, 10)", "0.30102999566398114"), ("length([1]) / length([1, 2, 3])", "0.33333333333333333334"),
        ("1 / 7 * 7", "1"),
        ("pow(2, 600)", "4149515568880993" + String(repeating: "0", count: 165)), ("100 * 1.1", "110"),
        (
            "1.1 * 1.1",
            "1.2100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001"
        ),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551616 - 1", "18446744073709551615"),
    ])
    func `a number prints as elsewhere`(text: String, wanted: String) throws {
        let result = try evaluate("\"=${\(text)}\"")
        #expect(result.problems.isEmpty)
        #expect(result.value.string == "=" + wanted)
    }

    @Test func `what is printed is the number again`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = Random(seed)
        for _ in 0..<300 {
            let digits = String((0...random.next(200)).map { _ in Character(String(random.next(10))) })
            let text = "1\(digits)e\(random.next(600) - 400)"
            let number = try #require(HCLNumber(text), "seed \(seed)")
            #expect(HCLNumber(number.description) == number, "seed \(seed): \(text)")
            #expect(HCLNumber(number.negated().description)?.negated() == number, "seed \(seed): \(text)")
        }
    }

    @Test func `arithmetic agrees with whole numbers of the machine`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = Random(seed)
        for _ in 0..<500 {
            let (a, b) = (random.next(1 << 31) - 1 << 30, random.next(1 << 20) - 1 << 19)
            let (x, y) = (HCLNumber(a), HCLNumber(b))
            #expect((x + y).int == a + b && (x - y).int == a - b && (x * y).int == a * b, "seed \(seed)")
            #expect((x < y) == (a < b), "seed \(seed)")
            guard b != 0 else { continue }
            #expect((x % y).int == a % b && (x / y)?.truncated().int == a / b, "seed \(seed): \(a), \(b)")
            #expect(x.double == Double(a), "seed \(seed): \(a)")
            // Rounded to 64 bits first, as the reference does, and then to those of a double.
            let (quotient, exact) = (try #require((x / y)?.double), Double(a) / Double(b))
            #expect(abs(quotient - exact) <= exact.ulp, "seed \(seed): \(a), \(b)")
        }
    }
}

/// The same numbers for a seed.
struct Random {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}
