package import KilnFleet

/// One difference between an instance (or its fleet) and its release.
package struct DriftFinding: Sendable, Hashable, Codable, Comparable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Something is mounted in the instance that its release does not have.
        case overMount = "over-mount"
        /// A mount of the release is gone or has other options.
        case mountChanged = "mount-changed"
        /// A process runs a program that is not part of the image, or came from outside.
        case foreignProcess = "foreign-process"
        /// A process has other arguments, variables, limits, namespaces or privileges than it was started with.
        case processChanged = "process-changed"
        /// Somebody entered the instance from the host.
        case session
        /// A configuration file or a limit is not the release's.
        case configChanged = "config-changed"
        /// A file of a writable root that the image does not have.
        case fileAdded = "file-added"
        /// A file of the image that has other content, or is another kind of file.
        case fileChanged = "file-changed"
        /// A file of the image that has another owner, mode or attribute.
        case fileMetadata = "file-metadata"
        /// A file of the image that is gone.
        case fileRemoved = "file-removed"
        /// A sealed layer is not what was sealed.
        case layerAltered = "layer-altered"
        /// An image's blob, or a row of the catalog, is not what was stored.
        case storeAltered = "store-altered"
        /// A container that no release knows.
        case strayContainer = "stray-container"
        /// A volume that no release declares.
        case strayVolume = "stray-volume"
        /// A balancer entry that no instance stands behind.
        case strayServer = "stray-server"
        /// The balancer's file is not what the balancer was told.
        case balancerChanged = "balancer-changed"
    }

    /// What it counts for.
    package enum Weight: String, Sendable, Hashable, Codable, CaseIterable {
        case harmful
        /// It changes nothing that an application could tell.
        case noise
        /// The fleet's policy lets it pass for a time.
        case allowed
        /// The fleet learns for a time what its applications change.
        case learned
    }

    /// What a finding is about, whatever it looks like by now.
    package struct Key: Sendable, Hashable {
        package let kind: Kind
        package let instance: InstanceID?
        package let subject: String
    }

    package let kind: Kind
    /// nil for what belongs to no instance: a stray, the balancer, a layer that several share.
    package let instance: InstanceID?
    /// What differs: a path, a process, a name.
    package let subject: String
    /// How it differs, for people.
    package let detail: String
    /// As the release has it, and as it is; nil where there is nothing.
    package var before: String?
    package var after: String?
    /// Lines that went and came, where both are text. Not the whole of what is long.
    package var diff: String?
    /// Since when, in seconds since 1970: by the file's own time of change or the process' start.
    package var since: Int64?
    /// Who did it, where that was seen.
    package var actor: DriftActor?
    /// The release that it should be.
    package var release: ReleaseNumber?
    package var weight = Weight.harmful
    /// Why it is let pass.
    package var excuse: String?

    package init(
        _ kind: Kind,
        instance: InstanceID?,
        subject: String,
        detail: String,
        before: String? = nil,
        after: String? = nil
    ) {
        self.kind = kind
        self.instance = instance
        self.subject = subject
        self.detail = detail
        self.before = before
        self.after = after
    }

    package var key: Key { Key(kind: kind, instance: instance, subject: subject) }

    /// The same whichever process does it.
    package var habit: Key { Key(kind: kind, instance: instance, subject: detail) }

    /// The path that an allowance could name: of a file in a writable root, or of the program that a process runs.
    package var path: String? {
        switch kind {
        case .fileAdded, .fileChanged, .fileMetadata, .fileRemoved: subject
        case .foreignProcess: after
        default: nil
        }
    }

    package static func < (left: DriftFinding, right: DriftFinding) -> Bool {
        left.sortKey.lexicographicallyPrecedes(right.sortKey)
    }

    private var sortKey: [String] { [instance?.description ?? "", kind.rawValue, subject, detail] }
}

/// The process that changed something, as it was seen when it did.
package struct DriftActor: Sendable, Hashable, Codable, CustomStringConvertible {
    /// On the host.
    package let pid: Int32
    package let name: String
    package let executable: String?

    package init(pid: Int32, name: String, executable: String?) {
        self.pid = pid
        self.name = name
        self.executable = executable
    }

    package var description: String { "\(name) (pid \(pid))" }
}
