/// One member of a tar: what it is called and everything that a layer keeps of it, apart from a file's content.
package struct TarEntry: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// In bytes.
        case file(size: Int64)
        case directory
        /// The text of the link, as it is.
        case symlink(target: String)
        /// Another entry's path in the same archive.
        case hardlink(target: String)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    /// From the root, without a leading `/`, without `.` and `..`; empty for the root itself.
    ///
    /// UTF-8 only: other names are an `ArchiveError` with `.notUTF8`, both when reading and when writing.
    package var path: String
    package var kind: Kind
    /// Permission bits with setuid, setgid and sticky.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    /// Seconds since 1970, within `times`.
    package var mtime: Int64
    /// Extended attributes by their full name, such as `security.capability`.
    package var xattrs: [String: [UInt8]]

    /// Bytes that an index keeps of it, a file's content apart.
    var metadataSize: Int64 {
        var size = path.utf8.count
        switch kind {
        case .symlink(let target), .hardlink(let target): size += target.utf8.count
        default: break
        }
        // Each attribute has a cost of its own, however small it is.
        for (name, value) in xattrs { size += name.utf8.count + value.count + 16 }
        return Int64(size)
    }

    /// The times that layers carry: what every reader of pax headers and JSON takes for the same number.
    static let times: ClosedRange<Int64> = -(1 << 53)...(1 << 53)

    package init(
        path: String,
        kind: Kind,
        mode: UInt32,
        uid: UInt32 = 0,
        gid: UInt32 = 0,
        mtime: Int64 = 0,
        xattrs: [String: [UInt8]] = [:]
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.mtime = mtime
        self.xattrs = xattrs
    }
}
