package import KilnDefinition
package import KilnDiagnostics
import KilnRollout
import KilnSystem

/// Why a fleet was left as it is.
package struct FleetError: DiagnosticError, Hashable {
    package enum Code: String, Sendable, Hashable {
        case leaseHeld = "fleet.lease-held"
        case leaseLost = "fleet.lease-lost"
        case unknownFleet = "fleet.unknown"
        case unknownInstance = "fleet.unknown-instance"
        case unknownRelease = "fleet.unknown-release"
        case halted = "fleet.halted"
        case nothingToSteer = "fleet.nothing-to-steer"
        case noEarlierRelease = "fleet.no-earlier-release"
        case quarantined = "fleet.quarantined"
        case policy = "fleet.policy"
        case platform = "fleet.platform"
        case otherPlatform = "fleet.other-platform"
        case noEntrypoint = "fleet.no-entrypoint"
        case noPort = "fleet.no-port"
        case foreignImage = "fleet.foreign-image"
        case missingConfigFile = "fleet.missing-config-file"
        case unknownOwner = "fleet.unknown-owner"
        case checks = "fleet.checks"
        case revoked = "fleet.revoked"
        case imageGone = "fleet.image-gone"
        case secret = "fleet.secret"
        case config = "fleet.config"
        case promotion = "fleet.promotion"
        case foreign = "fleet.foreign"
        case moved = "fleet.moved"
        case underWay = "fleet.under-way"
        case unexamined = "fleet.unexamined"
        case debug = "fleet.debug"
        case lastOne = "fleet.last-one"
    }

    package let code: Code
    package let message: String
    package let span: SourceSpan?
    package let causes: [String]
    package let hint: String?
    package let status: ExitStatus

    package init(
        _ code: Code,
        _ message: String,
        at span: SourceSpan? = nil,
        causes: [String] = [],
        hint: String? = nil,
        status: ExitStatus = .failed
    ) {
        self.code = code
        self.message = message
        self.span = span
        self.causes = causes
        self.hint = hint
        self.status = status
    }

    package var diagnostics: [Diagnostic] {
        [Diagnostic(code: code.rawValue, message, at: span, causes: causes, hint: hint, exitStatus: status)]
    }
}

extension FleetError {
    package static func leaseHeld(_ lease: Lease) -> FleetError {
        FleetError(
            .leaseHeld,
            "fleet \(lease.fleet) is being changed by process \(lease.holder.pid) "
                + "(\(lease.reason), since \(WallClock.format(lease.acquired)))",
            hint: "wait for it to finish, or stop it with Ctrl-C there; if it dies, no unlock is needed"
        )
    }

    package static func leaseLost(_ fleet: FleetName) -> FleetError {
        FleetError(
            .leaseLost,
            "another command has taken over fleet \(fleet)",
            causes: ["this one did not renew its lease in time"],
            hint: "the other command finishes the work; kiln status \(fleet) shows it"
        )
    }

    static func noPort(_ port: PortName, _ content: ReleaseContent, _ listener: Listener) -> FleetError {
        FleetError(
            .noPort,
            "image \(content.imageName) has no port \(port), where the listener on \(listener.address) leads",
            hint: Spelling.hint(for: port.description, in: content.ports.keys.sorted())
                ?? "give the listener a number, or a name of the image's ports",
            status: .usage
        )
    }

    /// `content` is what runs, and `listener` the new one of an address that leads to it so far.
    static func unanswered(
        _ listener: Listener,
        _ number: ReleaseNumber,
        _ content: ReleaseContent
    ) -> FleetError {
        let port = listener.port.map { "port \($0)" } ?? "port http, nor only one"
        return FleetError(
            .noPort,
            "release \(number), which runs, has no \(port): "
                + "nobody would answer on \(listener.address) before another release serves",
            causes: ["the ports of its image: \(content.ports.keys.sorted().joined(separator: ", "))"],
            hint: "deploy an image with both ports first, then lead the listener to the other one; "
                + "--force does it all the same",
            status: .usage
        )
    }

    static func unreached(_ release: ReleaseEntry, of fleet: FleetName, _ listen: Listeners) -> FleetError {
        FleetError(
            .noPort,
            "release \(release.number) of \(fleet) has no port that a listener leads to: \(listen)",
            hint: "change listen back first; --force takes it all the same",
            status: .usage
        )
    }

    static func unknownFleet(_ fleet: FleetName, known: [FleetName]) -> FleetError {
        FleetError(
            .unknownFleet,
            "there is no fleet \(fleet)",
            hint: Spelling.hint(for: fleet.description, in: known.map(\.description))
                ?? "kiln deploy \(fleet) makes it",
            status: .usage
        )
    }

    static func unknownRelease(_ number: ReleaseNumber, of fleet: FleetName) -> FleetError {
        FleetError(
            .unknownRelease,
            "fleet \(fleet) has no release \(number)",
            hint: "kiln releases \(fleet) lists them",
            status: .usage
        )
    }

    static func unknownInstance(_ id: InstanceID, of fleet: FleetName, known: [InstanceID]) -> FleetError {
        FleetError(
            .unknownInstance,
            "fleet \(fleet) has no instance \(id), and no event tells of one",
            hint: Spelling.hint(for: id.description, in: known.map(\.description))
                ?? "kiln status \(fleet) lists its instances",
            status: .usage
        )
    }

    static func imageGone(_ release: ReleaseEntry, of fleet: FleetName) -> FleetError {
        FleetError(
            .imageGone,
            "the image of release \(release.number) of \(fleet) is not in the store any more",
            causes: ["\(release.imageName) \(release.image)"],
            hint:
                "pull it from the registry that has it, or bake it from the definition and lock of that time; "
                + "kiln gc --keep-releases says how many are kept"
        )
    }

    static func quarantined(_ release: ReleaseEntry, of fleet: FleetName) -> FleetError {
        FleetError(
            .quarantined,
            "release \(release.number) of \(fleet) failed before and is quarantined",
            causes: release.quarantine.map {
                ["\($0.reason) (\(WallClock.format($0.time)))"]
            } ?? [],
            hint: "change what failed and deploy again, or repeat the same release with --force"
        )
    }

    /// `own` is the definition that wants it.
    package static func foreign(_ fleet: FleetName, _ origin: FleetOrigin, _ own: FleetOrigin) -> FleetError {
        FleetError(
            .foreign,
            "fleet \(fleet) belongs to \(origin), and this is \(own)",
            hint: "where one of the two was moved or copied, take it over with --take-over; "
                + "else give one of the fleets another name"
        )
    }

    static func moved(_ fleet: FleetName, _ causes: [String]) -> FleetError {
        FleetError(
            .moved,
            "fleet \(fleet) is no longer as it was when this was planned: it is left as it is",
            causes: causes,
            hint: "look again: kiln plan"
        )
    }

    static func underWay(_ pending: PendingRelease, of fleet: FleetName) -> FleetError {
        FleetError(
            .underWay,
            "the work before release \(pending.release) of \(fleet) is under way and cannot be undone: \(pending.work)",
            hint: "kiln resume \(fleet) waits for its end; kiln abort \(fleet) ends it where it is",
            status: .usage
        )
    }

    static func halted(_ fleet: FleetName, _ why: String) -> FleetError {
        FleetError(
            .halted,
            "fleet \(fleet) is frozen: \(why)",
            hint: "kiln resume \(fleet) ends that; kiln abort \(fleet) ends its rollout",
            status: .usage
        )
    }

    static func nothing(to verb: String, of fleet: FleetName, hint: String) -> FleetError {
        FleetError(.nothingToSteer, "fleet \(fleet) has nothing to \(verb)", hint: hint, status: .usage)
    }

    static func noWorkBefore(_ fleet: FleetName) -> FleetError {
        FleetError(
            .policy,
            "fleet \(fleet): nothing can be run before a rollout where the platform's own engine makes the instances",
            hint: "take `before` out of the fleet, and run its work in another way",
            status: .usage
        )
    }

    static func engineDecides(of fleet: FleetName) -> FleetError {
        FleetError(
            .policy,
            "fleet \(fleet): the platform's own engine decides the steps of a rollout",
            hint: "rollout.strategy rolling is the one that it can follow",
            status: .usage
        )
    }

    /// For whoever asks for a new release and does not say that its gates let it pass.
    package static func unexamined(_ content: ReleaseContent, _ fleet: FleetName) -> FleetError {
        FleetError(
            .unexamined,
            "nothing says that the gates let a release of image \(content.imageName) pass",
            hint: "kiln deploy \(fleet) asks them; whoever asked them says so with \"examined\": true",
            status: .gateRefused
        )
    }

    static func policy(_ error: PolicyError, of fleet: FleetName) -> FleetError {
        let (message, hint) =
            switch error {
            case .noBudget:
                (
                    "surge and unavailable are both 0: nothing could ever be replaced",
                    "set rollout.surge to 1, or rollout.unavailable where there is no room for one more"
                )
            case .minHealthyPastHealthyDeadline:
                (
                    "min_healthy is not below healthy_deadline: no instance could ever become available",
                    "raise rollout.healthy_deadline"
                )
            case .healthyDeadlinePastProgressDeadline:
                (
                    "healthy_deadline is not below progress_deadline",
                    "raise rollout.progress_deadline"
                )
            case .stepsNotAscending:
                (
                    "the weights of a canary's steps do not ascend from 1 to 100",
                    "write each step's weight above the one before"
                )
            case .leavingPastProgressDeadline:
                (
                    "drain and stop.grace together are not below progress_deadline: "
                        + "an instance that takes its time to leave would end the rollout",
                    "raise rollout.progress_deadline, or lower rollout.drain or the image's stop.grace"
                )
            }
        return FleetError(.policy, "fleet \(fleet): \(message)", hint: hint, status: .usage)
    }
}
