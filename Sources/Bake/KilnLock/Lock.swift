package import KilnDefinition
package import KilnOCI
package import KilnRegistry
package import OrderedCollections

/// What a definition resolved to (`kiln.lock`): every byte that a bake may use, by digest.
package struct Lock: Sendable, Hashable {
    /// How layers are compressed, exactly: another encoder gives other blobs of the same layers.
    package var encoder: EncoderName
    /// By whose behaviour the layers' content came about. Empty for a lock from before behaviours were written down.
    package var behaviours: [BehaviourVersion]
    /// Every image of the definition, in the definition's order.
    package var images: OrderedDictionary<ImageName, LockedImage>

    package init(
        encoder: EncoderName,
        behaviours: [BehaviourVersion] = [],
        images: OrderedDictionary<ImageName, LockedImage> = [:]
    ) {
        self.encoder = encoder
        self.behaviours = behaviours
        self.images = images
    }
}

/// A part of baking that decides on the bytes of layers, and its version, such as `files/2`: another version gives
/// other layers of the same definition and packages.
package struct BehaviourVersion: Sendable, Hashable, CustomStringConvertible {
    package let name: String
    package let version: Int

    package init(_ name: String, _ version: Int) {
        self.name = name
        self.version = version
    }

    /// nil when the text is no such thing.
    init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let version = Int(parts[1]), version > 0, String(version) == parts[1],
            !parts[0].isEmpty,
            parts[0].utf8.allSatisfy({ PackageSyntax.isAlphanumeric($0) || $0 == UInt8(ascii: "-") })
        else { return nil }
        self.init(String(parts[0]), version)
    }

    package var description: String { "\(name)/\(version)" }
}

/// A compressor with its version and parameters, such as `zstd-1.5.4-level3` or `gzip-libdeflate1.14-level5-1m`.
package struct EncoderName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// Whether both name the same compressor with the same parameters, whatever its version: their blobs may differ, the
    /// layers in them do not.
    package func isVariant(of other: EncoderName) -> Bool {
        Self.kind(description) == Self.kind(other.description)
    }

    /// The second of the parts that `-` separates is the version.
    private static func kind(_ name: String) -> [Substring] {
        var parts = name.split(separator: "-")
        if parts.count > 1 { parts.remove(at: 1) }
        return parts
    }
}

package struct LockedImage: Sendable, Hashable {
    /// Digest over what the resolution read of the definition for this image and those below it; differs when the
    /// lock no longer matches.
    package var request: Digest
    /// The package names that the definition asked for, sorted: lets a stale lock say what was added or removed.
    package var asked: [String]
    /// What layer times are clamped to: seconds since 1970 of the newest of the image's own packages, 0 without any.
    package var epoch: Int64
    /// What this image adds to the one below it, by name and architecture.
    package var packages: [LockedPackage]
    /// The root file system of `from: tar:`.
    package var tar: LockedTar?
    /// The image of a registry of `from: oci:`.
    package var base: LockedBase?
    /// By URL, each once.
    package var downloads: [LockedDownload]

    package init(
        request: Digest,
        asked: [String] = [],
        epoch: Int64 = 0,
        packages: [LockedPackage] = [],
        tar: LockedTar? = nil,
        base: LockedBase? = nil,
        downloads: [LockedDownload] = []
    ) {
        self.request = request
        self.asked = asked
        self.epoch = epoch
        self.packages = packages
        self.tar = tar
        self.base = base
        self.downloads = downloads
    }
}

package struct LockedPackage: Sendable, Hashable {
    package var name: String
    /// As dpkg writes it, with epoch and revision.
    package var version: String
    /// dpkg's word: `amd64`, `all`, …
    package var architecture: String
    package var archive: ArchiveName
    /// Below the archive's base URL.
    package var path: String
    /// Bytes of the .deb.
    package var size: Int64
    /// Of the .deb.
    package var sha256: Digest

    package init(
        name: String,
        version: String,
        architecture: String,
        archive: ArchiveName,
        path: String,
        size: Int64,
        sha256: Digest
    ) {
        self.name = name
        self.version = version
        self.architecture = architecture
        self.archive = archive
        self.path = path
        self.size = size
        self.sha256 = sha256
    }
}

package struct LockedTar: Sendable, Hashable {
    /// As written in the definition.
    package var path: String
    package var size: Int64
    package var sha256: Digest

    package init(path: String, size: Int64, sha256: Digest) {
        self.path = path
        self.size = size
        self.sha256 = sha256
    }
}

package struct LockedBase: Sendable, Hashable {
    /// As written in the definition.
    package var image: ImageReference
    /// What that named when it was locked: an index, or the image itself.
    package var index: Digest
    /// The manifest of the image for the platform.
    package var digest: Digest
    /// Bytes of that manifest.
    package var size: Int64

    package init(image: ImageReference, index: Digest, digest: Digest, size: Int64) {
        self.image = image
        self.index = index
        self.digest = digest
        self.size = size
    }

    /// The manifest by its digest, whatever the tag names by now.
    package var pinned: ImageReference { ImageReference(image.repository, tag: nil, digest: digest) }
}
