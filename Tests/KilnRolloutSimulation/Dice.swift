/// splitmix64 (Steele, Lea, Flood 2014): small, fast, and the same everywhere for the same seed.
struct Dice {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    /// Dice of their own for one purpose, so that taking a fault out of a scenario leaves the other throws alone.
    init(_ seed: UInt64, _ purpose: Int, _ detail: Int) {
        state = seed &+ UInt64(bitPattern: Int64(purpose)) &* 0x9E37_79B9_7F4A_7C15
        _ = next()
        state ^= UInt64(bitPattern: Int64(detail)) &* 0xD1B5_4A32_D192_ED03
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// From 0 up to, without, `bound`.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next() >> 33) % max(1, bound)
    }

    mutating func chance(_ percent: Int) -> Bool {
        below(100) < percent
    }
}
