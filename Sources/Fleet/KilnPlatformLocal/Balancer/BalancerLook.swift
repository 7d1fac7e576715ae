/// A fleet's balancer at one moment: what it should be, what its file says, what runs.
package struct BalancerLook: Sendable, Hashable {
    package let config: BalancerConfig
    /// Everybody whom the file (or else the running process) gives requests, instance or not.
    package let routed: Set<String>
    package let expectedText: String
    /// nil when there is no file.
    package let text: String?
    package let stamp: String
    /// nil when nobody answers.
    package let state: BalancerState?

    package init(
        config: BalancerConfig,
        routed: Set<String>,
        expectedText: String,
        text: String?,
        stamp: String,
        state: BalancerState?
    ) {
        self.config = config
        self.routed = routed
        self.expectedText = expectedText
        self.text = text
        self.stamp = stamp
        self.state = state
    }
}
