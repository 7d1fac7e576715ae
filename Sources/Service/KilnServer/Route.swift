package import KilnAPI
package import KilnDefinition
import KilnDiagnostics

/// What a request is about, out of its method and target.
package enum Route: Sendable, Hashable {
    case version
    case health
    case metrics
    case fleets
    case fleet(FleetName)
    case events(after: Int64, fleet: FleetName?, limit: Int)
    case change(FleetName, ChangeVerb)
    case stop(RequestID)

    /// Most events of one answer.
    package static let eventLimit = 1000

    package init(method: String, target: String) throws(APIError) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let words = (parts.first ?? "").split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let query = try Self.query(parts.count > 1 ? parts[1] : "")
        let isWrite: Bool
        (self, isWrite) = try Self.route(Array(words), query, target)
        let allowed = isWrite ? ["POST"] : ["GET", "HEAD"]
        guard allowed.contains(method) else {
            throw APIError(.badMethod, "\(parts[0]) takes \(allowed[0]), not \(method)", status: .usage)
        }
        if case .events = self { return }
        guard query.isEmpty else {
            throw APIError(.badParameter, "\(parts[0]) takes no parameters", status: .usage)
        }
    }

    /// The route, and whether it changes something.
    private static func route(
        _ words: [Substring],
        _ query: [String: String],
        _ target: String
    ) throws(APIError) -> (Route, isWrite: Bool) {
        switch words.count {
        case 1 where words[0] == "healthz": return (.health, false)
        case 1 where words[0] == "metrics": return (.metrics, false)
        case 2 where words == ["v1", "version"]: return (.version, false)
        case 2 where words == ["v1", "fleets"]: return (.fleets, false)
        case 2 where words == ["v1", "events"]: return (try events(query), false)
        case 3 where words[..<2] == ["v1", "fleets"]: return (.fleet(try fleet(words[2])), false)
        case 4 where words[..<2] == ["v1", "fleets"]:
            guard let verb = ChangeVerb(rawValue: String(words[3])) else {
                throw APIError(
                    .unknownVerb,
                    "there is no change \"\(words[3])\"",
                    hint: "one of: " + ChangeVerb.allCases.map(\.rawValue).joined(separator: ", "),
                    status: .usage
                )
            }
            return (.change(try fleet(words[2]), verb), true)
        case 4 where words[..<2] == ["v1", "requests"] && words[3] == "stop":
            return (.stop(RequestID(String(words[2]))), true)
        default:
            throw APIError(
                .unknownPath,
                "there is nothing at \(target)",
                hint: "docs/reference/api.md lists what there is",
                status: .usage
            )
        }
    }

    private static func fleet(_ text: some StringProtocol) throws(APIError) -> FleetName {
        do {
            return try FleetName(parsing: String(text))
        } catch {
            throw APIError(
                .badName,
                "\"\(text)\" is no name of a fleet",
                hint: "lower-case letters, digits and -, beginning with a letter, at most 40",
                status: .usage
            )
        }
    }

    private static func events(_ query: [String: String]) throws(APIError) -> Route {
        var (after, limit): (Int64, Int) = (0, 100)
        var name: FleetName?
        for (key, value) in query {
            switch key {
            case "after":
                guard let number = Int64(value), number >= 0 else { throw bad(key, value) }
                after = number
            case "limit":
                guard let number = Int(value), (1...eventLimit).contains(number) else {
                    throw bad(key, value)
                }
                limit = number
            case "fleet": name = try fleet(value)
            default:
                throw APIError(
                    .badParameter,
                    "events take no parameter \"\(key)\"",
                    hint: "one of: after, fleet, limit",
                    status: .usage
                )
            }
        }
        return .events(after: after, fleet: name, limit: limit)
    }

    private static func bad(_ key: String, _ value: String) -> APIError {
        APIError(.badParameter, "\(key) is \"\(value)\", which is no number that it takes", status: .usage)
    }

    private static func query(_ text: Substring) throws(APIError) -> [String: String] {
        var parameters: [String: String] = [:]
        for part in text.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(pair[0])
            guard parameters[key] == nil else {
                throw APIError(.badParameter, "the parameter \(key) is given twice", status: .usage)
            }
            parameters[key] = pair.count > 1 ? String(pair[1]) : ""
        }
        return parameters
    }
}
