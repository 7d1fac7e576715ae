/// One name in a server's tree, as its metadata tells.
package struct ServerNode: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file
        case directory
        case symlink(String)
        case fifo
        case socket
        /// A character or block device.
        case device
    }

    /// From the root, without a leading `/`; empty for the root itself.
    package var path: String
    package var kind: Kind
    /// Permission bits with setuid, setgid and sticky.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    package var size: Int64
    /// The first name of the same file, where this is another one.
    package var linkedTo: String?
    /// Extended attributes that images carry, by name.
    package var attributes: [String: [UInt8]] = [:]
    /// Why it cannot be read; nil where it can.
    package var unreadable: String?

    package init(
        _ path: String,
        _ kind: Kind,
        mode: UInt32 = 0o644,
        uid: UInt32 = 0,
        gid: UInt32 = 0,
        size: Int64 = 0,
        linkedTo: String? = nil
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.size = size
        self.linkedTo = linkedTo
    }

    package var isDirectory: Bool { kind == .directory }
    /// Bytes that the name alone accounts for: another name of a file adds none.
    package var bytes: Int64 { kind == .file && linkedTo == nil ? size : 0 }
}
