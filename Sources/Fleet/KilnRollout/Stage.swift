/// How far a release has come on the steps before it takes over.
package struct Stage: Sendable, Hashable, Codable {
    /// The index of the step; past the last one the target takes over.
    package var step: Int
    /// Since when the step's instances are all available.
    package var filled: Instant?
    /// Since when what they are compared with is available too, and the step's wait runs.
    package var reached: Instant?
    /// A person said that it shall go on.
    package var isPromoted: Bool
    /// Why a person has to say whether it goes on.
    package var hold: String?
    /// How often the step's instances were unwell after they were all available.
    package var setbacks: Int

    package init(
        step: Int = 0,
        filled: Instant? = nil,
        reached: Instant? = nil,
        isPromoted: Bool = false,
        hold: String? = nil,
        setbacks: Int = 0
    ) {
        self.step = step
        self.filled = filled
        self.reached = reached
        self.isPromoted = isPromoted
        self.hold = hold
        self.setbacks = setbacks
    }

    static let past = Stage(step: .max)
}
