import KilnDiagnostics
import KilnFleet

/// How far an image is behind its archives, in words.
struct PatchText {
    private let patches: PatchSummary
    /// Seconds since 1970.
    private let now: Int64

    init(_ patches: PatchSummary, now: Int64) {
        self.patches = patches
        self.now = now
    }

    /// With when that was seen: what nobody asked for long is not known.
    var line: String {
        let checked = "the archives were asked \(Self.age(now - patches.checked)) ago"
        guard patches.behind > 0 else { return "nothing newer is known; \(checked)" }
        let packages = patches.behind == 1 ? "1 package is" : "\(patches.behind) packages are"
        let security = patches.security > 0 ? " (\(patches.security) of them for security)" : ""
        let since = Self.age(patches.lag(now: now))
        return "\(packages) behind\(security), seen first \(since) ago; \(checked)"
    }

    var cell: String {
        guard patches.behind > 0 else { return "0" }
        let security = patches.security > 0 ? ", \(patches.security) security" : ""
        return "\(patches.behind)\(security), \(Self.age(patches.lag(now: now)))"
    }

    private static func age(_ seconds: Int64) -> String { Quantities.duration(.seconds(max(0, seconds))) }
}
