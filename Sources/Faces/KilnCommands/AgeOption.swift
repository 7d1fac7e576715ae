import ArgumentParser

/// An age as a command's argument: `12h`, `30d`, `4w`.
struct AgeOption: ExpressibleByArgument {
    let seconds: Int64

    init(seconds: Int64) {
        self.seconds = seconds
    }

    /// In days, which is what defaults are written in.
    var defaultValueDescription: String { "\(seconds / 86400)d" }

    /// As an argument, in the largest unit that it is a multiple of.
    var text: String {
        let fitting = Self.units.filter { seconds % $0.value == 0 }
        let (unit, length) = fitting.max { $0.value < $1.value } ?? ("m", 60)
        return "\(seconds / length)\(unit)"
    }

    private static let units: [Character: Int64] = ["m": 60, "h": 3600, "d": 86400, "w": 604_800]

    init?(argument: String) {
        guard let unit = argument.last.flatMap({ Self.units[$0] }), argument.count <= 7,
            let count = Int64(argument.dropLast()), count >= 0
        else { return nil }
        seconds = count * unit
    }
}
