/// Which of the images that names referred to before are kept, whoever else needs them or not.
package struct ImageRetention: Sendable, Hashable {
    /// How many of each name, counting the one that it refers to now.
    package var last: Int
    /// Those whose name moved on less than so many seconds ago; nil keeps none for their age.
    package var younger: Int64?

    package init(last: Int = 1, younger: Int64? = nil) {
        self.last = last
        self.younger = younger
    }

    /// `superseded` has the latest first.
    package func kept(of superseded: [SupersededImage], now: Int64) -> [SupersededImage] {
        var counts: [String: Int] = [:]
        return superseded.filter { image in
            counts[image.name, default: 1] += 1
            let isYoung = younger.map { now - image.superseded < $0 } ?? false
            return isYoung || counts[image.name, default: 1] <= last
        }
    }
}
