/// Reads the Prometheus text format, version 0.0.4, and refuses whatever the format does not say.
struct ExpositionParser {
    struct Problem: Error, Hashable {
        let line: Int
        let what: String
    }

    struct Sample: Hashable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    private(set) var types: [String: String] = [:]
    private(set) var samples: [Sample] = []
    private var helped: Set<String> = []
    private var current = ""
    private var closed: Set<String> = []

    init(_ text: String) throws(Problem) {
        guard text.isEmpty || text.hasSuffix("\n") else {
            throw Problem(line: 0, what: "no line feed at the end")
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        for (index, line) in lines.enumerated() { try take(String(line), index + 1) }
        try checkHistograms()
    }

    subscript(name: String, labels: [String: String]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private mutating func take(_ line: String, _ number: Int) throws(Problem) {
        func fail(_ what: String) -> Problem { Problem(line: number, what: "\(what): \(line)") }
        if line.hasPrefix("# HELP ") || line.hasPrefix("# TYPE ") {
            let words = line.dropFirst(7).split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { throw fail("no name and text") }
            let name = String(words[0])
            guard Self.isName(name) else { throw fail("no name") }
            if line.hasPrefix("# HELP ") {
                guard helped.insert(name).inserted else { throw fail("explained twice") }
                return
            }
            guard ["counter", "gauge", "histogram"].contains(words[1]) else { throw fail("no type") }
            guard types[name] == nil, !samples.contains(where: { family(of: $0.name) == name }) else {
                throw fail("typed twice, or late")
            }
            types[name] = String(words[1])
            return
        }
        guard !line.isEmpty, !line.hasPrefix("#") else { throw fail("nothing of a metric") }
        let sample = try self.sample(line, number)
        let name = family(of: sample.name)
        guard let type = types[name], helped.contains(name) else { throw fail("neither type nor help") }
        guard type != "counter" || (name.hasSuffix("_total") && sample.value >= 0) else {
            throw fail("a counter's name ends with _total, and it counts up")
        }
        if name != current {
            guard closed.insert(name).inserted else { throw fail("a metric in two places") }
            current = name
        }
        guard !samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels }) else {
            throw fail("the same sample twice")
        }
        samples.append(sample)
    }

    private func family(of name: String) -> String {
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            let base = String(name.dropLast(suffix.count))
            if types[base] == "histogram" { return base }
        }
        return name
    }

    private func sample(_ line: String, _ number: Int) throws(Problem) -> Sample {
        func fail(_ what: String) -> Problem { Problem(line: number, what: "\(what): \(line)") }
        var rest = Substring(line)
        let name = String(rest.prefix { $0 != "{" && $0 != " " })
        guard Self.isName(name) else { throw fail("no name") }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            while rest.first != "}" {
                let label = String(rest.prefix { $0 != "=" })
                guard Self.isName(label), !label.contains(":"), labels[label] == nil else {
                    throw fail("no label")
                }
                rest = rest.dropFirst(label.count + 1)
                guard rest.first == "\"" else { throw fail("no quote") }
                rest.removeFirst()
                var value = ""
                while let character = rest.first, character != "\"" {
                    rest.removeFirst()
                    guard character == "\\" else {
                        value.append(character)
                        continue
                    }
                    switch rest.first {
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    case "n": value.append("\n")
                    default: throw fail("no escape")
                    }
                    rest.removeFirst()
                }
                guard rest.first == "\"" else { throw fail("no end of a value") }
                rest.removeFirst()
                labels[label] = value
                if rest.first == "," {
                    rest.removeFirst()
                } else if rest.first != "}" {
                    throw fail("no comma")
                }
            }
            rest.removeFirst()
        }
        guard rest.first == " ", let value = Self.number(String(rest.dropFirst())) else {
            throw fail("no value")
        }
        return Sample(name: name, labels: labels, value: value)
    }

    private static func number(_ text: String) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: text.contains(where: { $0 == " " || $0.isLetter && $0 != "e" }) ? nil : Double(text)
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 95
                || byte == 58
        }
    }

    /// Buckets ascend to `+Inf`, which holds as many as the count.
    private func checkHistograms() throws(Problem) {
        for name in types.keys where types[name] == "histogram" {
            let groups = Dictionary(grouping: samples.filter { $0.name == "\(name)_bucket" }) { sample in
                sample.labels.filter { $0.key != "le" }
            }
            for (labels, buckets) in groups {
                let bounds = buckets.compactMap { Self.number($0.labels["le"] ?? "") }
                let counts = buckets.map(\.value)
                guard bounds == bounds.sorted(), Set(bounds).count == buckets.count, bounds.last == .infinity,
                    counts == counts.sorted(), self["\(name)_count", labels] == counts.last,
                    self["\(name)_sum", labels] != nil
                else { throw Problem(line: 0, what: "the histogram \(name) is none") }
            }
        }
    }
}
