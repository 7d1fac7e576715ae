package import KilnDefinition
import KilnOCI
import KilnRegistry
import OrderedCollections

/// Which locked packages may move.
package enum LockUpdate: Sendable, Hashable {
    /// None: only what the definition changed is resolved anew, with as few moves as the archive allows.
    case none
    /// Those named, and what must move with them.
    case packages(Set<String>)
    case all
}

/// A package that a lock gained, lost or moved.
package struct PackageMove: Sendable, Hashable {
    package let image: ImageName
    /// A package's name, the path of a `from: tar:` file, the image of `from: oci:`, or the URL of a download.
    package let name: String
    /// A version (the first digits of the digest, for what has none); nil when it is new.
    package let old: String?
    /// nil when it is gone.
    package let new: String?

    package init(image: ImageName, name: String, old: String?, new: String?) {
        self.image = image
        self.name = name
        self.old = old
        self.new = new
    }
}

/// What a lock step came to.
package struct LockOutcome: Sendable, Hashable {
    package let lock: Lock
    /// In the order of images and names; empty when nothing moved.
    package let changes: [PackageMove]
    /// The archive's suites that list the versions that packages moved to, in the definition's order; none for what the
    /// archive dropped.
    package let suites: [LockedPackage: [String]]
    /// Whether the lock file was written.
    package var written: Bool
    /// Whether the old lock was made by a kiln that bakes other bits, or does not say by which.
    package let movesBehaviour: Bool

    init(
        lock: Lock,
        replacing old: Lock?,
        suites: [LockedPackage: [String]] = [:],
        written: Bool = false
    ) {
        self.lock = lock
        self.suites = suites
        self.written = written
        movesBehaviour = old.map { $0.behaviours != lock.behaviours } ?? false
        changes = Self.changes(from: old, to: lock)
    }

    private static func changes(from old: Lock?, to new: Lock) -> [PackageMove] {
        let gone = (old?.images.keys.filter { new.images[$0] == nil }) ?? []
        return (Array(new.images.keys) + gone).flatMap { image in
            moves(of: image, from: old?.images[image], to: new.images[image])
        }
    }

    private static func moves(
        of image: ImageName,
        from old: LockedImage?,
        to new: LockedImage?
    ) -> [PackageMove] {
        let before = versions(old)
        let after = versions(new)
        return Set(before.keys).union(after.keys).sorted().compactMap { name in
            guard before[name] != after[name] else { return nil }
            return PackageMove(
                image: image,
                name: name,
                old: before[name]?.shown,
                new: after[name]?.shown
            )
        }
    }

    private struct Version: Hashable {
        let shown: String
        let identity: String
    }

    private static func versions(_ image: LockedImage?) -> [String: Version] {
        guard let image else { return [:] }
        var versions = Dictionary(
            image.packages.map { ($0.name, Version(shown: $0.version, identity: $0.sha256.hex)) },
            uniquingKeysWith: { first, _ in first }
        )
        if let tar = image.tar {
            versions[tar.path] = Version(shown: tar.sha256.short, identity: tar.sha256.hex)
        }
        if let base = image.base {
            versions[base.image.description] = Version(shown: base.digest.short, identity: base.digest.hex)
        }
        for download in image.downloads {
            versions[download.url] = Version(shown: download.sha256.short, identity: download.sha256.hex)
        }
        return versions
    }
}
