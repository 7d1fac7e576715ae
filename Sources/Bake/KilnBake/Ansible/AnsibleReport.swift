import KilnOCI
import KilnSystem

/// What the last lines of `ansible-playbook` tell of a failure. Pure.
struct AnsibleReport: Equatable {
    private(set) var task: String?
    /// The path is the sandbox's.
    private(set) var place: Place?
    /// The module's own words, line by line; nil when it left none that can be read.
    private(set) var message: [String]?

    struct Place: Equatable {
        let file: String
        let line: Int
    }

    private struct Answer: Decodable {
        let msg: String?
        let stderr: String?
        let stdout: String?
    }

    init(_ lines: [String]) {
        for line in lines {
            if line.hasPrefix("TASK [") {
                task = line.dropFirst("TASK [".count).split(separator: "] *").first.map(String.init)
            } else if line.hasPrefix("task path: "), let colon = line.lastIndex(of: ":"),
                let number = Int(line[line.index(after: colon)...])
            {
                place = Place(file: String(line[..<colon].dropFirst("task path: ".count)), line: number)
            } else if line.hasPrefix("fatal: ["), let start = line.firstRange(of: "=> ")?.upperBound {
                message = Self.words(of: String(line[start...]))
            } else if line.hasPrefix("The error appears to be in '") {
                place = Self.syntaxPlace(line)
            }
        }
        if message == nil, lines.contains(where: { $0.hasPrefix("ERROR! ") }) { task = nil }
    }

    /// Somebody wanted an archive.
    var wantsPackages: Bool {
        let text = (message ?? []).joined(separator: "\n").lowercased()
        let words = Set(text.split { !$0.isLetter && !$0.isNumber })
        let signs = ["no package matching", "temporary failure resolving", "failed to fetch"]
        return !words.isDisjoint(with: ["apt", "dpkg"]) || signs.contains { text.contains($0) }
    }

    private static func words(of json: String) -> [String]? {
        guard let answer = try? CanonicalJSON.decode(Answer.self, from: Array(json.utf8)) else { return nil }
        let texts = [answer.msg, answer.stdout, answer.stderr].compactMap(\.self).filter { !$0.isEmpty }
        return texts.isEmpty ? nil : texts.flatMap { $0.split(separator: "\n").map(String.init).suffix(12) }
    }

    /// `The error appears to be in '/kiln/inputs/site.yml': line 3, column 7, but may`.
    private static func syntaxPlace(_ line: String) -> Place? {
        let parts = line.split(separator: "'")
        guard parts.count > 2, let range = parts[2].firstRange(of: "line "),
            let number = Int(parts[2][range.upperBound...].prefix { $0.isNumber })
        else { return nil }
        return Place(file: String(parts[1]), line: number)
    }
}
