/// What an image says of those that it stands on.
package struct AncestryRecord: Sendable, Hashable {
    /// Of manifests, the nearest first; after that of a registry's image comes the index by which it was named, if any.
    package var digests: [Digest]
    /// The last one is known to stand on nothing. Otherwise there may be more below it.
    package var isClosed: Bool

    package init(digests: [Digest], isClosed: Bool) {
        self.digests = digests
        self.isClosed = isClosed
    }

    /// Of an image that stands on none.
    package static let nothing = AncestryRecord(digests: [], isClosed: true)
}
