/// What an archive from elsewhere may cost.
package struct ArchiveLimits: Sendable, Hashable {
    /// How many members.
    package var entries = 2_000_000
    /// Bytes of uncompressed tar.
    package var totalSize: Int64 = 64 << 30
    /// Bytes of a path or link target.
    package var pathLength = 4096
    /// Names in a path.
    package var depth = 200
    /// Bytes of extended headers before one member, and of those that are about all members.
    package var headerSize: Int64 = 1 << 20
    /// Bytes of paths, link targets and attributes of all members, which an index holds at once.
    package var metadata: Int64 = 256 << 20
    /// Bytes that one compressed byte may become, counted once the stream is past `expansionFloor`. More than any encoder
    /// makes of good content: a file of zeros, such as a preallocated one, becomes 4 bytes for each block of 128 KiB in zstd.
    package var expansion: Int64 = 40_000
    package var expansionFloor: Int64 = 1 << 30

    package static let standard = ArchiveLimits()

    package init() {}
}
