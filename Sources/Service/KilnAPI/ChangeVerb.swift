import KilnFleet

/// What can be asked of a fleet: the last part of the path of a change.
package enum ChangeVerb: String, Sendable, Hashable, CaseIterable {
    case deploy
    case rollback
    case resume
    case scale
    case replace
    case recycle
    case destroy
    case pause
    case promote
    case abort
    case freeze
    case debug
    case endDebug = "end-debug"
}

extension ChangeVerb {
    /// One field of the body of a change.
    package struct Field: Sendable, Hashable {
        package let name: String
        package let isRequired: Bool
        package let help: String
    }

    package var help: String {
        switch self {
        case .deploy:
            "Make the fleet run this content under this policy; the same content is the same release."
        case .rollback: "Make the fleet run an earlier release."
        case .resume: "Converge to what is written down, and end a pause or a freeze."
        case .scale: "Change how many instances there are."
        case .replace: "Replace these instances."
        case .recycle: "Replace every instance by a fresh one of the same release."
        case .destroy: "Remove every instance, then the fleet."
        case .pause: "Leave the rollout where it is."
        case .promote: "End the wait of the step that a release is at."
        case .abort: "Go back to the stable release."
        case .freeze: "Keep everything as it is until the fleet is resumed."
        case .debug:
            "Condemn an instance and take it out of traffic, for a person to look at. Joining tools to it is the caller's."
        case .endDebug: "End that; the instance is destroyed unless it is kept."
        }
    }

    private static let instance = Field(name: "instance", isRequired: true, help: "Its name.")
    private static let session = Field(
        name: "session",
        isRequired: true,
        help: "The process that joins the tools: when it is gone, so is the session."
    )

    /// Beside `options`, which every change takes.
    package var fields: [Field] {
        switch self {
        case .deploy:
            [
                Field(
                    name: "content",
                    isRequired: true,
                    help: "What instances are made of, as releases keep it."
                ),
                Field(
                    name: "policy",
                    isRequired: true,
                    help: "How the fleet is run, as the catalog keeps it."
                ),
                Field(
                    name: "examined",
                    isRequired: false,
                    help: "Whether the gates let this content pass; content that is new is refused without."
                ),
            ]
        case .rollback:
            [
                Field(
                    name: "release",
                    isRequired: false,
                    help: "Its number; the last stable one before without."
                )
            ]
        case .scale: [Field(name: "instances", isRequired: true, help: "How many, from 0 to 1000.")]
        case .replace:
            [
                Field(
                    name: "condemned",
                    isRequired: true,
                    help: "The reasons, by the names of the instances."
                ),
                Field(
                    name: "quarantine",
                    isRequired: false,
                    help: "Keep them, cut off and frozen, for so many seconds."
                ),
            ]
        case .destroy: [Field(name: "volumes", isRequired: false, help: "Whether the volumes go too.")]
        case .promote: [Field(name: "full", isRequired: false, help: "Past all steps that are left.")]
        case .debug:
            [
                Self.instance, Self.session,
                Field(
                    name: "seconds",
                    isRequired: true,
                    help:
                        "How long the instance is there at most, from \(DebugWish.shortest) to \(DebugWish.longest)."
                ),
                Field(name: "atOnce", isRequired: false, help: "Also when nothing else serves."),
                Field(name: "kept", isRequired: false, help: "Whether it stays until then in any case."),
                Field(
                    name: "tools",
                    isRequired: false,
                    help: "What the tools come from, for those who look back."
                ),
            ]
        case .endDebug:
            [
                Self.instance, Self.session,
                Field(name: "status", isRequired: false, help: "How the tools ended."),
                Field(name: "reason", isRequired: false, help: "Why they were cut off."),
            ]
        case .freeze: [Field(name: "why", isRequired: true, help: "For those who look at it.")]
        case .resume, .recycle, .pause, .abort: []
        }
    }
}
