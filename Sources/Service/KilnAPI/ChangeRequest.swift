package import KilnDefinition
package import KilnFleet

/// The body of `POST /v1/fleets/{fleet}/{verb}`.
package struct ChangeRequest: Sendable, Hashable, Codable {
    package struct Options: Sendable, Hashable, Codable {
        package var force: Bool?
        /// Seconds to wait while somebody else changes the fleet.
        package var wait: Int?
        package var environment: EnvironmentName?
        package var remark: String?
        /// The path of the definition that the fleet belongs to from now on.
        package var origin: String?
        /// Whether the fleet may belong to another definition that is still there.
        package var takesOver: Bool?
        package var expected: Expected?
        /// What stores the content's configuration was taken from.
        package var origins: [ConfigOrigin]?
        /// Whether what cannot be undone and was begun unseen is run again.
        package var repeatsUnseen: Bool?
        /// Who asks for the change, and why.
        package var author: String?
        package var message: String?
    }

    /// What the asker saw of the fleet: the change is refused where that has moved.
    package struct Expected: Sendable, Hashable, Codable {
        package var origin: String?
        package var release: Int?
        package var pending: Int?
        package var policy: FleetPolicy?
        package var isPaused: Bool?
    }

    package static let longestText = 4096
    package static let longestQuarantine = 30 * 86_400

    var content: ReleaseContent?
    var policy: FleetPolicy?
    var examined: Bool?
    var release: Int?
    var instances: Int?
    var condemned: [String: String]?
    var quarantine: Int?
    var volumes: Bool?
    var full: Bool?
    var why: String?
    var instance: String?
    var session: LeaseHolder?
    var seconds: Int?
    var atOnce: Bool?
    var kept: Bool?
    var tools: String?
    var status: Int?
    var reason: String?
    var options: Options?

    private init() {}

    package init(_ change: FleetChange, isExamined: Bool, options: FleetDriver.Options) {
        self.init()
        self.options = Options(options)
        switch change {
        case .deploy(let content, let policy):
            self.content = content
            self.policy = policy
            examined = isExamined
        case .rollback(let number): release = number?.rawValue
        case .scale(let count): instances = count
        case .replace(let reasons, let quarantine):
            self.quarantine = quarantine.map { Int($0) }
            condemned = Dictionary(uniqueKeysWithValues: reasons.map { ($0.description, $1) })
        case .destroy(let volumes): self.volumes = volumes
        case .promote(let full): self.full = full
        case .freeze(let why): self.why = why
        case .debug(let id, let wish):
            (instance, session, seconds) = (id.description, wish.session, wish.seconds)
            (atOnce, kept, tools) = (wish.isAtOnce, wish.isKept, wish.tools)
        case .endDebug(let id, let end):
            (instance, session) = (id.description, end.session)
            (status, reason) = (end.status, end.reason)
        case .resume, .recycle, .pause, .abort: break
        }
    }

    /// Whether whoever asks says that the gates let the content pass.
    package var isExamined: Bool { examined ?? false }
}

// What a body means depends on the verb that it is sent to.
extension ChangeRequest {
    package func change(_ verb: ChangeVerb) throws(APIError) -> FleetChange {
        try checkFields(verb)
        return switch verb {
        case .deploy: .deploy(try required(content, "content"), try required(policy, "policy"))
        case .rollback: .rollback(to: release.map(ReleaseNumber.init(rawValue:)))
        case .resume: .resume
        case .scale: .scale(to: try counted(try required(instances, "instances"), "instances", 0...1000))
        case .replace:
            .replace(
                Dictionary(
                    uniqueKeysWithValues: try required(condemned, "condemned").map { (InstanceID($0), $1) }
                ),
                quarantine: try quarantineSeconds()
            )
        case .recycle: .recycle
        case .destroy: .destroy(volumes: volumes ?? false)
        case .pause: .pause
        case .promote: .promote(full: full ?? false)
        case .abort: .abort
        case .freeze: .freeze(why: try short(try required(why, "why"), "why"))
        case .debug: .debug(try namedInstance(), try wish())
        case .endDebug: .endDebug(try namedInstance(), try end())
        }
    }

    private func quarantineSeconds() throws(APIError) -> Int64? {
        guard let quarantine else { return nil }
        return Int64(try counted(quarantine, "quarantine", 1...Self.longestQuarantine))
    }

    private func namedInstance() throws(APIError) -> InstanceID {
        InstanceID(try short(try required(instance, "instance"), "instance"))
    }

    private func wish() throws(APIError) -> DebugWish {
        let range = DebugWish.shortest...DebugWish.longest
        return DebugWish(
            seconds: try counted(try required(seconds, "seconds"), "seconds", range),
            isAtOnce: atOnce ?? false,
            isKept: kept ?? false,
            tools: try short(tools ?? "", "tools").isEmpty ? nil : tools,
            session: try required(session, "session")
        )
    }

    private func end() throws(APIError) -> DebugEnd {
        DebugEnd(
            session: try required(session, "session"),
            status: status,
            reason: try short(reason ?? "", "reason").isEmpty ? nil : reason
        )
    }

    package func driverOptions() throws(APIError) -> FleetDriver.Options {
        let wait = try counted(options?.wait ?? 900, "options.wait", 0...86_400)
        var result = FleetDriver.Options(force: options?.force ?? false, wait: .seconds(wait))
        result.environment = options?.environment
        if let remark = options?.remark { result.remark = try short(remark, "options.remark") }
        if let author = options?.author { result.author = try short(author, "options.author") }
        if let message = options?.message { result.message = try short(message, "options.message") }
        if let path = options?.origin { result.origin = FleetOrigin(path: try short(path, "options.origin")) }
        result.takesOver = options?.takesOver ?? false
        result.origins = options?.origins ?? []
        result.repeatsUnseen = options?.repeatsUnseen ?? false
        result.expected = options?.expected.map { expected in
            FleetExpectation(
                origin: expected.origin.map { FleetOrigin(path: $0) },
                release: expected.release.map(ReleaseNumber.init(rawValue:)),
                pending: expected.pending.map(ReleaseNumber.init(rawValue:)),
                policy: expected.policy,
                isPaused: expected.isPaused
            )
        }
        return result
    }

    private func checkFields(_ verb: ChangeVerb) throws(APIError) {
        let given = [
            ("content", content != nil), ("policy", policy != nil), ("examined", examined != nil),
            ("release", release != nil), ("instances", instances != nil), ("condemned", condemned != nil),
            ("quarantine", quarantine != nil),
            ("volumes", volumes != nil), ("full", full != nil), ("why", why != nil),
            ("instance", instance != nil), ("session", session != nil), ("seconds", seconds != nil),
            ("atOnce", atOnce != nil), ("kept", kept != nil), ("tools", tools != nil),
            ("status", status != nil), ("reason", reason != nil),
        ]
        let known = Set(verb.fields.map(\.name))
        for (name, isGiven) in given where isGiven && !known.contains(name) {
            throw APIError.badBody("\(verb.rawValue) takes no \(name)")
        }
    }

    private func required<Value>(_ value: Value?, _ name: String) throws(APIError) -> Value {
        guard let value else { throw APIError.badBody("\(name) is missing") }
        return value
    }

    private func counted(_ value: Int, _ name: String, _ range: ClosedRange<Int>) throws(APIError) -> Int {
        guard range.contains(value) else {
            throw APIError.badBody("\(name) is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private func short(_ text: String, _ name: String) throws(APIError) -> String {
        guard text.utf8.count <= Self.longestText else {
            throw APIError.badBody("\(name) is longer than \(Self.longestText) bytes")
        }
        return text
    }
}

extension ChangeRequest.Options {
    fileprivate init(_ options: FleetDriver.Options) {
        force = options.force ? true : nil
        wait = Int(options.wait.components.seconds)
        environment = options.environment
        remark = options.remark
        origin = options.origin?.path
        author = options.author
        message = options.message
        takesOver = options.takesOver ? true : nil
        origins = options.origins.isEmpty ? nil : options.origins
        repeatsUnseen = options.repeatsUnseen ? true : nil
        expected = options.expected.map { expected in
            ChangeRequest.Expected(
                origin: expected.origin?.path,
                release: expected.release?.rawValue,
                pending: expected.pending?.rawValue,
                policy: expected.policy,
                isPaused: expected.isPaused
            )
        }
    }
}

extension FleetChange {
    package var verb: ChangeVerb {
        switch self {
        case .deploy: .deploy
        case .rollback: .rollback
        case .resume: .resume
        case .scale: .scale
        case .replace: .replace
        case .recycle: .recycle
        case .destroy: .destroy
        case .pause: .pause
        case .promote: .promote
        case .abort: .abort
        case .freeze: .freeze
        case .debug: .debug
        case .endDebug: .endDebug
        }
    }
}
