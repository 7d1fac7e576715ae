/// The times that a layer's own are held against, in seconds since 1970.
package struct LayerEpochs: Sendable, Hashable {
    /// Of the image itself: what the layer's times are clamped to. 0 for one without packages.
    package var own: Int64
    /// The newest of the image and those below it, whose layers' keys cover it.
    package var newest: Int64

    /// When the layer was made, by each clock that may have told: such a time says nothing, even where that clock was
    /// behind the epoch. Empty in a plan.
    package var made: [ClosedRange<Int64>] = []

    package init(own: Int64, newest: Int64) {
        self.own = own
        self.newest = newest
    }

    func made(in spans: [ClosedRange<Int64>]) -> LayerEpochs {
        var epochs = self
        epochs.made = spans
        return epochs
    }

    /// Whether a time comes from the bake itself.
    func isOfBake(_ time: Int64, epoch: Int64) -> Bool {
        time > epoch || made.contains { $0.contains(time) }
    }
}
