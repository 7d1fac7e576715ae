/// Metrics as Prometheus reads them: the text format, version 0.0.4.
package struct MetricsText: Sendable {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package typealias Labels = [(name: String, value: String)]

    package private(set) var text = ""

    package init() {}

    /// A counter or a gauge with all its samples; one without samples is left out.
    package mutating func add(_ metric: Metric, _ samples: [(labels: Labels, value: Double)]) {
        guard !samples.isEmpty else { return }
        head(metric)
        for sample in samples { line(metric.name, sample.labels, sample.value) }
    }

    package mutating func add(_ metric: Metric, _ value: Double) {
        add(metric, [(labels: [], value: value)])
    }

    package mutating func add(_ metric: Metric, _ samples: [(labels: Labels, value: Histogram)]) {
        guard !samples.isEmpty else { return }
        head(metric)
        for (labels, histogram) in samples {
            let bucket = "\(metric.name)_bucket"
            for (bound, count) in zip(histogram.bounds, histogram.cumulated) {
                line(bucket, labels + [("le", Self.number(bound))], Double(count))
            }
            line(bucket, labels + [("le", "+Inf")], Double(histogram.count))
            line("\(metric.name)_sum", labels, histogram.sum)
            line("\(metric.name)_count", labels, Double(histogram.count))
        }
    }

    private mutating func head(_ metric: Metric) {
        let help = metric.help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        text += "# HELP \(metric.name) \(help)\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: Labels, _ value: Double) {
        let shown = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        text += "\(name)\(shown.isEmpty ? "" : "{\(shown)}") \(Self.number(value))\n"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// Whole numbers without a point; what is none in the words of the format.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        guard value == value.rounded(), abs(value) < 1e15 else { return "\(value)" }
        return String(Int64(value))
    }
}

/// How many values lay at or below each bound, and their sum.
package struct Histogram: Sendable, Hashable {
    package let bounds: [Double]
    private var counts: [Int]
    package private(set) var count = 0
    package private(set) var sum = 0.0

    /// The bounds ascend; above the last there is no bound.
    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count)
    }

    package mutating func observe(_ value: Double) {
        count += 1
        sum += value
        if let index = bounds.firstIndex(where: { value <= $0 }) { counts[index] += 1 }
    }

    /// For each bound, the values at or below it.
    package var cumulated: [Int] {
        var total = 0
        return counts.map { count in
            total += count
            return total
        }
    }
}
