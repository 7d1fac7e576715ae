/// What a fleet's balancer counted since it was started: requests of clients by the status they were answered with, and what
/// went wrong between the balancer and instances.
package struct BalancerTotals: Sendable, Hashable {
    /// By the first digit of the status; 0 is for what was no proper answer.
    package var answers: [Int: Int64]
    package var requests: Int64
    /// Connections to instances that could not be made.
    package var connectionErrors: Int64
    /// Instances that broke off or sent no HTTP.
    package var responseErrors: Int64

    package init(
        answers: [Int: Int64] = [:],
        requests: Int64 = 0,
        connectionErrors: Int64 = 0,
        responseErrors: Int64 = 0
    ) {
        self.answers = answers
        self.requests = requests
        self.connectionErrors = connectionErrors
        self.responseErrors = responseErrors
    }
}
