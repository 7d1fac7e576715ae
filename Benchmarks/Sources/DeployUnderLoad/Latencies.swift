/// How long answers took, in buckets of some 2 % width between a microsecond and hours; memory does not grow.
struct Latencies {
    private static let subdivisions = 32
    private var counts = [Int](repeating: 0, count: 44 * Latencies.subdivisions)
    private(set) var count = 0
    /// Seconds.
    private(set) var maximum = 0.0

    mutating func add(seconds: Double) {
        count += 1
        maximum = max(maximum, seconds)
        counts[Self.bucket(UInt64(max(0, seconds) * 1e6))] += 1
    }

    mutating func add(_ other: Latencies) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        maximum = max(maximum, other.maximum)
    }

    /// The upper edge of the bucket that holds this part of the answers, in seconds; 0 without answers.
    func quantile(_ part: Double) -> Double {
        var left = Int((Double(count) * part).rounded(.up))
        for (index, number) in counts.enumerated() where number > 0 {
            left -= number
            if left <= 0 { return min(maximum, Double(Self.upperEdge(index)) / 1e6) }
        }
        return maximum
    }

    /// Powers of two, each divided evenly.
    private static func bucket(_ microseconds: UInt64) -> Int {
        guard microseconds >= UInt64(Self.subdivisions) else { return Int(microseconds) }
        let exponent = 63 - microseconds.leadingZeroBitCount - 5
        return exponent * Self.subdivisions + Int(microseconds >> UInt64(exponent))
    }

    private static func upperEdge(_ bucket: Int) -> UInt64 {
        guard bucket >= 2 * Self.subdivisions else { return UInt64(bucket + 1) }
        let exponent = UInt64(bucket / Self.subdivisions - 1)
        return (UInt64(bucket % Self.subdivisions) + UInt64(Self.subdivisions) + 1) << exponent
    }
}
