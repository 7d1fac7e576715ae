package import KilnFleet

/// One difference between an instance (or its fleet) and its release.
package struct DriftFinding: Sendable, Hashable, Codable, Comparable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Something is mounted in the instance that its release does not have.
        case overMount = "over-mount"
        /// A mount of the release is gone or has other options.
        case mountChanged = "mount-changed"
        /// A process runs a program that is not part of the image.
        case foreignProcess = "foreign-process"
        /// A configuration file or a limit is not the release's.
        case configChanged = "config-changed"
        /// A sealed layer is not what was sealed.
        case layerAltered = "layer-altered"
        /// A container that no release knows.
        case strayContainer = "stray-container"
        /// A balancer entry that no instance stands behind.
        case strayServer = "stray-server"
        /// The balancer's file is not what the balancer was told.
        case balancerChanged = "balancer-changed"
    }

    package let kind: Kind
    /// nil for what belongs to no instance: a stray, the balancer, a layer that several share.
    package let instance: InstanceID?
    /// What differs: a path, a process, a name.
    package let subject: String
    /// How it differs, for people.
    package let detail: String

    package init(_ kind: Kind, instance: InstanceID?, subject: String, detail: String) {
        self.kind = kind
        self.instance = instance
        self.subject = subject
        self.detail = detail
    }

    package static func < (left: DriftFinding, right: DriftFinding) -> Bool {
        left.sortKey.lexicographicallyPrecedes(right.sortKey)
    }

    private var sortKey: [String] { [instance?.description ?? "", kind.rawValue, subject, detail] }
}

/// What a drift check of one fleet found.
package struct DriftReport: Sendable, Hashable, Codable {
    package let fleet: String
    package let checked: Int
    /// Sorted by instance, kind and subject.
    package let findings: [DriftFinding]

    package init(fleet: String, checked: Int, findings: [DriftFinding]) {
        self.fleet = fleet
        self.checked = checked
        self.findings = findings.sorted()
    }

    /// Instances that are not their release any more.
    package var driftedInstances: Set<InstanceID> { Set(findings.compactMap(\.instance)) }
}
