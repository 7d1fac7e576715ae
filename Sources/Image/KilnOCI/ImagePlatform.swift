/// An operating system and CPU, in GOOS/GOARCH spelling (OCI image spec, image-index.md).
package struct ImagePlatform: Sendable, Hashable, Codable {
    package var os: String
    package var architecture: String
    /// Of the CPU, such as `v7` of `arm`; nil where there is only one.
    package var variant: String?

    package init(architecture: String, os: String = "linux", variant: String? = nil) {
        self.architecture = architecture
        self.os = os
        self.variant = variant
    }

    /// The CPU that this program was built for.
    package static var host: ImagePlatform {
        #if arch(arm64)
        ImagePlatform(architecture: "arm64")
        #else
        ImagePlatform(architecture: "amd64")
        #endif
    }

    /// Whether an image that says it is for the other one runs here: what an index leaves unsaid of the variant does not
    /// matter, and 64-bit ARM has only `v8`.
    package func accepts(_ other: ImagePlatform) -> Bool {
        guard os == other.os, architecture == other.architecture else { return false }
        return normalizedVariant == other.normalizedVariant || other.variant == nil
    }

    /// Whether a machine of this platform starts programs of the other one by itself: x86 CPUs those of their 32-bit half,
    /// which Debian's kernels have on.
    package func canStart(_ other: ImagePlatform) -> Bool {
        accepts(other) || (os == other.os && architecture == "amd64" && other.architecture == "386")
    }

    private var normalizedVariant: String? { architecture == "arm64" && variant == "v8" ? nil : variant }
}

/// Platforms that images are baked for: those that Debian and Ubuntu have, in OCI's and in dpkg's words.
extension ImagePlatform {
    private static let known: [(platform: ImagePlatform, debian: String)] = [
        (ImagePlatform(architecture: "amd64"), "amd64"),
        (ImagePlatform(architecture: "arm64"), "arm64"),
        (ImagePlatform(architecture: "386"), "i386"),
        (ImagePlatform(architecture: "arm", variant: "v5"), "armel"),
        (ImagePlatform(architecture: "arm", variant: "v7"), "armhf"),
        (ImagePlatform(architecture: "mips64le"), "mips64el"),
        (ImagePlatform(architecture: "mipsle"), "mipsel"),
        (ImagePlatform(architecture: "ppc64le"), "ppc64el"),
        (ImagePlatform(architecture: "riscv64"), "riscv64"),
        (ImagePlatform(architecture: "s390x"), "s390x"),
    ]

    /// All that can be baked for, as they are written.
    package static var names: [String] { known.map(\.platform.description) }

    /// `linux/arm64`, `linux/arm/v7`; nil for what no image can be baked for.
    package init?(parsing text: String) {
        guard let found = Self.known.first(where: { $0.platform.description == text }) else { return nil }
        self = found.platform
    }

    /// dpkg's word for the CPU: `amd64`, `armhf`, …
    package var debianArchitecture: String {
        Self.known.first { $0.platform == self }?.debian ?? architecture
    }

    /// What a platform is called whose dpkg says that.
    package init?(debianArchitecture name: String) {
        guard let found = Self.known.first(where: { $0.debian == name }) else { return nil }
        self = found.platform
    }
}

extension ImagePlatform: CustomStringConvertible {
    package var description: String {
        ([os, architecture] + [variant].compactMap(\.self)).joined(separator: "/")
    }
}
