import KilnSystem

/// A text that costs something to make, made once for all who ask while it is made and for a moment after.
package actor SharedText {
    package typealias Maker = @Sendable () async throws -> String

    private let age: Duration
    private let make: Maker
    private var newest: (text: String, made: BootInstant)?
    private var isMaking = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// `age` is how old a text may be that is given once more.
    package init(age: Duration = .seconds(1), _ make: @escaping Maker) {
        self.age = age
        self.make = make
    }

    package func text() async throws -> String {
        while isMaking { await withCheckedContinuation { waiting.append($0) } }
        if let newest, newest.made.duration(to: .now) < age { return newest.text }
        isMaking = true
        defer {
            isMaking = false
            // Where it failed, the first of them tries it again.
            for waiter in waiting { waiter.resume() }
            waiting = []
        }
        let text = try await make()
        newest = (text, .now)
        return text
    }
}
