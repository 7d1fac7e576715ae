import KilnRollout
import KilnSystem

/// What is written down of an instance that a person looks at: who, why, and until when it is there.
package struct DebugHold: Sendable, Hashable, Codable {
    package var author: String?
    package var why: String
    /// What the newest session's tools come from.
    package var tools: String?
    /// Seconds since 1970.
    package let since: Int64
    /// The instance is destroyed then.
    package var until: Int64
    /// Whether it stays until then, also without a session.
    package var isKept: Bool
    /// It serves until others do in its place; nil is no.
    private(set) var awaits: Bool?
    /// Who has tools joined to it now, and since when.
    package private(set) var session: LeaseHolder?
    private(set) var joined: Int64?
    /// It drifted, and nobody joins it: it is cut off and frozen. For how long, in seconds; nil is for a person's hold.
    package private(set) var quarantine: Int64?
    /// It was cut off and frozen; nil is not yet.
    package var isIsolated: Bool?

    init(_ wish: DebugWish, by asked: Asked, awaits: Bool, now: Int64) {
        author = asked.author
        why = asked.message ?? ""
        since = now
        until = now
        isKept = false
        self.awaits = awaits ? true : nil
        join(wish, by: asked, now: now)
    }

    /// For an instance that drifted: it serves until others do in its place, within the rollout's budget.
    init(quarantine reason: String, seconds: Int64, now: Int64) {
        why = reason
        since = now
        until = now + seconds
        isKept = true
        awaits = true
        quarantine = seconds
    }

    package var isAwaited: Bool { awaits == true }
    /// Whether it is still to be cut off and frozen.
    package var awaitsIsolation: Bool { quarantine != nil && !isAwaited && isIsolated != true }

    /// Another session at the same instance has its own time.
    mutating func join(_ wish: DebugWish, by asked: Asked, now: Int64) {
        author = asked.author
        why = asked.message ?? why
        tools = wish.tools
        until = now + Int64(wish.seconds)
        isKept = wish.isKept
        session = wish.session
        joined = now
    }

    /// A quarantine begins when it serves no more.
    mutating func take(now: Int64) {
        awaits = nil
        if let quarantine { until = now + quarantine }
    }

    /// Ends the session; without `keep` the instance goes now. Gives how long it was, in seconds.
    mutating func leave(now: Int64) -> Int64 {
        let length = max(0, now - (joined ?? now))
        (session, joined) = (nil, nil)
        if !isKept { until = min(until, now) }
        return length
    }

    /// Whether its session ended without a word.
    package func isAbandoned(_ isAlive: (LeaseHolder) -> Bool) -> Bool {
        session.map { $0.bootID != BootInstant.bootID || !isAlive($0) } ?? false
    }

    /// Whether the instance is to go, or to be looked after.
    package func isOver(at time: Int64, _ isAlive: (LeaseHolder) -> Bool) -> Bool {
        until <= time || isAbandoned(isAlive)
    }

    /// The calendar says until when, the boot clock decides.
    func custody(now: BootInstant, time: Int64) -> Custody {
        let until = now.instant.advanced(by: .seconds(until - time))
        return Custody(until: until, isAwaited: isAwaited)
    }

    /// `ann, until …: why`.
    var words: String {
        quarantine == nil ? "\(author.map { "debugged by \($0)" } ?? "debugged"): \(why)" : why
    }
}

/// A person's wish to look at an instance with tools. Who, and why, is told with the change.
package struct DebugWish: Sendable, Hashable {
    /// A day is long enough to look at something that is condemned.
    package static let longest = 86_400
    package static let shortest = 10

    package let seconds: Int
    /// Also when nothing else serves.
    package let isAtOnce: Bool
    package let isKept: Bool
    package let tools: String?
    /// The process that joins the tools; when it is gone, so is the session.
    package let session: LeaseHolder

    package init(
        seconds: Int,
        isAtOnce: Bool = false,
        isKept: Bool = false,
        tools: String? = nil,
        session: LeaseHolder
    ) {
        self.seconds = seconds
        self.isAtOnce = isAtOnce
        self.isKept = isKept
        self.tools = tools
        self.session = session
    }
}

/// How a session ended.
package struct DebugEnd: Sendable, Hashable {
    package let session: LeaseHolder
    /// Of the shell or command; nil when it was cut off, or never began.
    package let status: Int?
    /// Why it was cut off, or never began.
    package let reason: String?

    package init(session: LeaseHolder, status: Int?, reason: String? = nil) {
        self.session = session
        self.status = status
        self.reason = reason
    }
}
