/// The processes of a running balancer (HAProxy management guide, "show proc").
struct BalancerWorkers: Sendable, Hashable {
    /// nil when nobody answered.
    private(set) var master: Int32?
    /// The one that takes new connections; nil when there is none.
    private(set) var current: Int32?
    /// Since the worker that takes new connections was started, in whole seconds; nil when there is none.
    private(set) var age: Duration?
    /// Those that finish what they have.
    private(set) var old: [Int32] = []

    init(parsing text: String) {
        var section = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#") {
                section = line.dropFirst().split(separator: " ").joined(separator: " ")
                continue
            }
            let fields = line.split(separator: " ")
            guard let pid = fields.first.flatMap({ Int32($0) }) else { continue }
            if fields.dropFirst().first == "master" { master = pid }
            switch section {
            case "workers": (current, age) = (pid, fields.count > 3 ? Self.duration(fields[3]) : nil)
            case "old workers": old.append(pid)
            default: break
            }
        }
    }

    /// Whether this worker takes new connections, as far as anybody says.
    func takesNew(_ worker: Int32?) -> Bool {
        current == nil || worker == nil || current == worker
    }

    /// `1d02h03m04s`.
    private static func duration(_ text: Substring) -> Duration? {
        let units: [Character: Int64] = ["d": 86_400, "h": 3600, "m": 60, "s": 1]
        var (seconds, number) = (Int64(0), "")
        for character in text {
            if character.isNumber {
                number.append(character)
            } else {
                guard let unit = units[character], let value = Int64(number) else { return nil }
                seconds += value * unit
                number = ""
            }
        }
        return number.isEmpty ? .seconds(seconds) : nil
    }
}
