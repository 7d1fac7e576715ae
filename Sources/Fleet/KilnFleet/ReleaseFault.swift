/// An error of `InstancePlatform.create` that can lie in the release itself, such as a program that the image lacks.
///
/// Every other failure to create is the platform's trouble: it is tried again, and no release is quarantined for it.
package protocol ReleaseFault: Error {
    /// Whether every other try, and every other machine, would end the same way.
    var isOfRelease: Bool { get }
}

/// An error of `InstancePlatform.create` of one-shot work that lies before its start: nothing of it ran.
///
/// Any other error leaves open whether it began.
package struct NotBegun: Error {
    package let cause: any Error

    package init(cause: any Error) {
        self.cause = cause
    }
}
