import KilnSystem
import SystemPackage

/// What a package says of itself that decides how it is installed (deb-control(5), deb-triggers(5)).
struct PackageControl: Sendable, Hashable {
    var name: String
    var isEssential = false
    var preDepends: [Relation] = []
    var depends: [Relation] = []
    var provides: [String] = []
    /// Whether dpkg's unpacking does no more than lay out files: no script to run before, nothing that listens for
    /// others, checksums brought along.
    var isPlain = false

    /// One clause of Depends: any of the named packages will do. Versions are left to dpkg; the lock's set was
    /// solved as a whole.
    struct Relation: Sendable, Hashable {
        var alternatives: [String]

        init(alternatives: [String]) {
            self.alternatives = alternatives
        }

        /// `libc6 (>= 2.36) | libc6.1:any`
        init(parsing text: Substring) {
            alternatives = text.split(separator: "|").compactMap { alternative in
                let name = alternative.drop { $0 == " " || $0 == "\n" || $0 == "\t" }
                    .prefix { !" (:[<\n\t".contains($0) }
                return name.isEmpty ? nil : String(name)
            }
        }

        static func list(parsing text: String) -> [Relation] {
            text.split(separator: ",").map(Relation.init(parsing:)).filter { !$0.alternatives.isEmpty }
        }
    }
}

extension PackageControl {
    /// Reads the one stanza of a `control` file; nil without a package's name.
    init?(parsing text: some StringProtocol) {
        let fields = ControlFields(parsing: text)
        guard let name = fields["package"] else { return nil }
        self.name = name
        isEssential = fields["essential"] == "yes"
        preDepends = Relation.list(parsing: fields["pre-depends"] ?? "")
        depends = Relation.list(parsing: fields["depends"] ?? "")
        provides = Relation.list(parsing: fields["provides"] ?? "").flatMap(\.alternatives)
    }
}

/// The fields of one deb822 stanza, by their names in lower case; continued lines are joined.
struct ControlFields: Sendable, Hashable {
    private var values: [String: String] = [:]

    init(parsing text: some StringProtocol) {
        var field: String?
        for line in text.split(separator: "\n") {
            if line.first == " " || line.first == "\t" {
                if let field { values[field, default: ""] += String(line) }
            } else if let colon = line.firstIndex(of: ":") {
                field = line[..<colon].lowercased()
                let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
                values[line[..<colon].lowercased()] = String(value)
            }
        }
    }

    subscript(_ name: String) -> String? { values[name] }
}
