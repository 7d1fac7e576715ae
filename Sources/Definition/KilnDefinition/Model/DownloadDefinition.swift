package import KilnDiagnostics
package import KilnOCI

/// A file from the network that becomes part of an image. The lock pins what was behind its URL.
package struct DownloadDefinition: Sendable, Hashable {
    /// `https:` or `http:`, without a login.
    package var url: String
    /// What it must be; nil leaves it to the lock.
    package var sha256: Digest?
    /// Absolute path inside the image: the file's, or the folder that an archive is unpacked into.
    package var target: String
    /// A user's name or a number; `root` by default. The group is the user's own.
    package var owner: String
    /// Permission bits for files; nil takes 0644, or 0755 for what an archive marks executable.
    package var mode: UInt32?
    package var unpack: Bool
    /// How many folders at the top of an archive are left out.
    package var strip: Int
    /// The only ones of the image's platforms that get it; empty for all.
    package var platforms: [ImagePlatform]
    package var span: SourceSpan?

    package init(
        url: String,
        sha256: Digest? = nil,
        target: String,
        owner: String = "root",
        mode: UInt32? = nil,
        unpack: Bool = false,
        strip: Int = 0,
        platforms: [ImagePlatform] = [],
        span: SourceSpan? = nil
    ) {
        self.url = url
        self.sha256 = sha256
        self.target = target
        self.owner = owner
        self.mode = mode
        self.unpack = unpack
        self.strip = strip
        self.platforms = platforms
        self.span = span
    }
}
