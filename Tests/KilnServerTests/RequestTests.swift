import KilnAPI
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnServer
import Testing

@Suite struct `A request` {
    static let routes: [(method: String, target: String, route: Route)] = [
        ("GET", "/v1/version", .version), ("GET", "/healthz", .health), ("HEAD", "/metrics", .metrics),
        ("GET", "/v1/fleets", .fleets), ("GET", "/v1/fleets/shop", .fleet("shop")),
        ("GET", "/v1/events", .events(after: 0, fleet: nil, limit: 100)),
        ("GET", "/v1/events?after=7&limit=5&fleet=shop", .events(after: 7, fleet: "shop", limit: 5)),
        ("POST", "/v1/fleets/shop/deploy", .change("shop", .deploy)),
        ("POST", "/v1/fleets/a-1/freeze", .change("a-1", .freeze)),
        ("POST", "/v1/requests/abc/stop", .stop(RequestID("abc"))),
    ]

    @Test(arguments: routes)
    func `is known by its method and path`(method: String, target: String, route: Route) throws {
        #expect(try Route(method: method, target: target) == route)
    }

    static let refused: [(method: String, target: String, code: APIError.Code)] = [
        ("GET", "/", .unknownPath), ("GET", "", .unknownPath), ("GET", "/v2/version", .unknownPath),
        ("GET", "/v1/fleets/", .badName), ("POST", "/v1/fleets/../pause", .badName),
        ("GET", "/v1/fleets/Shop", .badName), ("GET", "/v1/fleets/%73hop", .badName),
        ("POST", "/v1/fleets/shop/update", .unknownVerb),
        ("POST", "/v1/fleets/shop/deploy/now", .unknownPath),
        ("GET", "/v1/fleets/shop/deploy", .badMethod), ("DELETE", "/v1/fleets/shop", .badMethod),
        ("POST", "/v1/version", .badMethod), ("GET", "/v1/fleets?x=1", .badParameter),
        ("GET", "/v1/events?after=x", .badParameter), ("GET", "/v1/events?after=-1", .badParameter),
        ("GET", "/v1/events?after=1&after=2", .badParameter), ("GET", "/v1/events?limit=0", .badParameter),
        ("GET", "/v1/events?limit=9999999", .badParameter), ("GET", "/v1/events?fleet=A", .badName),
        ("GET", "/v1/events?since=1", .badParameter), ("GET", "v1/version", .unknownPath),
    ]

    @Test(arguments: refused)
    func `is refused with what is wrong`(method: String, target: String, code: APIError.Code) {
        let error = #expect(throws: APIError.self) { try Route(method: method, target: target) }
        #expect(error?.code == code)
        #expect(error?.status == .usage)
    }

    static let bodies: [(verb: ChangeVerb, body: String, cause: String)] = [
        (.scale, "{", "the body"), (.scale, "[]", "the body"), (.scale, "{}", "instances is missing"),
        (.scale, #"{"instances":1001}"#, "instances is a number from 0 to 1000"),
        (.scale, #"{"instances":-1}"#, "instances is a number"), (.scale, #"{"instances":"3"}"#, "instances"),
        (.scale, #"{"instances":3,"why":"x"}"#, "scale takes no why"),
        (.scale, #"{"instances":3,"number":4}"#, "unknown field number"),
        (.debug, #"{"instance":"a-1-bcde","seconds":9}"#, "seconds is a number from 10 to 86400"),
        (.resume, #"{"options":{"forced":true}}"#, "unknown field options.forced"),
        (.resume, #"{"options":{"wait":-1}}"#, "options.wait is a number"),
        (.resume, #"{"options":{"environment":"No Name"}}"#, "No Name"),
        (.freeze, "{}", "why is missing"), (.deploy, "{}", "content is missing"),
        (.freeze, #"{"why":"\#(String(repeating: "x", count: 5000))"}"#, "longer than 4096"),
        (.deploy, #"{"content":{"image":"sha256:xx"}}"#, "xx"),
    ]

    @Test(arguments: bodies)
    func `has a body that is understood whole, or not at all`(verb: ChangeVerb, body: String, cause: String) {
        let error = #expect(throws: APIError.self) {
            let request = try StrictJSON.decode(ChangeRequest.self, from: Array(body.utf8))
            _ = try request.driverOptions()
            return try request.change(verb)
        }
        #expect(error?.code == .badBody)
        #expect(error?.causes.first?.contains(cause) == true, "\(error?.causes ?? [])")
    }

    @Test func `tells of a field of the content that nobody knows`() throws {
        let request = ChangeRequest(
            .deploy(Samples.content(), Samples.policy),
            isExamined: true,
            options: FleetDriver.Options()
        )
        let text = String(decoding: try CanonicalJSON.encode(request), as: UTF8.self)
        let changed = text.replacing(#""target":"/etc/a""#, with: #""target":"/etc/a","owner":"root""#)
        #expect(changed != text)
        let error = #expect(throws: APIError.self) {
            try StrictJSON.decode(ChangeRequest.self, from: Array(changed.utf8))
        }
        #expect(error?.causes == ["unknown field content.files.0.owner"])
    }
}
