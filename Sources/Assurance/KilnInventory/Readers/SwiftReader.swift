import KilnAdvisories

/// What SwiftPM resolved (`Package.resolved`, formats 1 to 3).
enum SwiftReader {
    static func read(_ bytes: [UInt8]) throws(ReadProblem) -> [FoundPackage] {
        let json: JSONValue
        do { json = try JSONValue(parsing: bytes[...]) } catch {
            throw ReadProblem("it is no JSON: \(error.reason.rawValue)")
        }
        guard let pins = json["pins"] ?? json["object"]?["pins"] else { throw ReadProblem("it has no pins") }
        return pins.items.compactMap { pin in
            guard let location = (pin["location"] ?? pin["repositoryURL"])?.text,
                let version = (pin["state"]?["version"] ?? pin["state"]?["revision"])?.text
            else { return nil }
            return FoundPackage(.swift, name(location), version)
        }
    }

    /// `github.com/apple/swift-nio`, however the repository is reached; as OSV has it.
    private static func name(_ location: String) -> String {
        var rest = location[...]
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        let host = rest.prefix { $0 != "/" }
        if let at = host.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        var name = String(rest)
        if !location.contains("://"), let colon = name.firstIndex(of: ":") {
            // scp's form: `git@github.com:apple/swift-nio.git`.
            name.replaceSubrange(colon...colon, with: "/")
        }
        if name.hasSuffix("/") { name.removeLast() }
        return name.hasSuffix(".git") ? String(name.dropLast(4)) : name
    }
}
