package import KilnDefinition
package import KilnDiagnostics
package import KilnOCI

/// What would be done so that a machine's fleets are as a definition wants them. A value: making it changes nothing.
package struct ApplyPlan: Sendable, Hashable, Codable {
    /// An image that has to be made before it is known what releases of it are.
    package struct Bake: Sendable, Hashable, Codable {
        package let image: ImageName
        package let reason: String

        package init(image: ImageName, reason: String) {
            self.image = image
            self.reason = reason
        }
    }

    /// There is no update: instances are created, replaced and destroyed.
    package enum Action: String, Sendable, Hashable, Codable, CaseIterable {
        /// The fleet does not run.
        case create
        /// Every instance, by those of another release.
        case replace
        /// What is missing of the release that runs, or is being rolled out, is created.
        case restore
        case destroy
        case keep
    }

    /// A value of the fleet's policy, which applies without replacing anything.
    package struct PolicyChange: Sendable, Hashable, Codable {
        package let key: String
        package let before: String
        package let after: String

        package init(_ key: String, _ before: String, _ after: String) {
            self.key = key
            self.before = before
            self.after = after
        }
    }

    /// Why a step would not succeed.
    package struct Obstacle: Sendable, Hashable, Codable {
        package enum Kind: String, Sendable, Hashable, Codable {
            /// The release failed before.
            case quarantined
            /// The image's gate does not admit it; an override does.
            case gate
            /// The image was revoked, or stands on one that was.
            case revoked
            /// Who must have signed the image for this fleet did not.
            case unsigned
            /// No rollout of it could come to an end: a listener leads to a port that the image does not have, say.
            case unfit
            /// A listener would be led to a port that no running instance has; force does it all the same.
            case unanswered
            /// The fleet is another definition's.
            case foreign
            /// A person keeps the fleet as it is.
            case frozen

            /// How a command ends that meets it.
            package var status: ExitStatus {
                switch self {
                case .gate, .revoked, .unsigned: .gateRefused
                case .unfit, .unanswered: .usage
                case .quarantined, .foreign, .frozen: .failed
                }
            }
        }

        package let kind: Kind
        package let reason: String
        package let hint: String?

        package init(_ kind: Kind, _ reason: String, hint: String? = nil) {
            self.kind = kind
            self.reason = reason
            self.hint = hint
        }
    }

    /// One fleet.
    package struct Step: Sendable, Hashable, Codable {
        package let fleet: FleetName
        package internal(set) var action: Action
        /// The release that the fleet is of.
        package internal(set) var from: ReleaseNumber?
        /// The release that it will be of; nil when that is not known before its image is baked, and when it goes.
        package internal(set) var to: ReleaseNumber?
        package internal(set) var image: ReleaseImage?
        /// How many instances are there, and how many are wanted.
        package internal(set) var present: Int
        package internal(set) var wanted: Int
        package internal(set) var listen: Listeners?
        package internal(set) var policy: [PolicyChange]
        package internal(set) var reasons: [String]
        package internal(set) var obstacle: Obstacle?
        /// What a person has to say before the release that is there goes on.
        package internal(set) var waits: String?
        /// Fleets whose steps come first.
        package internal(set) var after: [FleetName]
        /// Those of them that lose by the step what their old releases still need: it is not taken before they succeed.
        package internal(set) var takesFrom: [FleetName] = []

        package var isChange: Bool { action != .keep || !policy.isEmpty }
    }

    package struct ReleaseImage: Sendable, Hashable, Codable {
        package let name: ImageName
        package let version: String?
        /// The manifest; nil while it is not baked.
        package let digest: Digest?

        package init(name: ImageName, version: String?, digest: Digest?) {
            self.name = name
            self.version = version
            self.digest = digest
        }
    }

    package let bakes: [Bake]
    /// In an order in which they can be done one by one.
    package let steps: [Step]

    package init(bakes: [Bake], steps: [Step]) {
        self.bakes = bakes
        self.steps = steps
    }

    /// Whether there is anything to do. Images are baked for fleets alone.
    package var isChange: Bool { !bakes.isEmpty || steps.contains(where: \.isChange) }
}
