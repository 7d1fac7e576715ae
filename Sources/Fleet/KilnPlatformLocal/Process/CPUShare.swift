import KilnFleet
import KilnSystem
import Synchronization
import SystemPackage

/// How much of the processors an instance gets where the others of its fleet want them too (cgroups(7): `cpu.shares` of the first
/// version, `cpu.weight` of the second). What it may have at most is the release's word, and another matter.
package enum CPUShare: Sendable {
    /// Until it has requests: what a program does before it can serve is work enough to be felt by those who are served.
    case starting
    /// The kernel's own.
    case full

    package var shares: Int { self == .starting ? 64 : 1024 }
    package var weight: Int { self == .starting ? 6 : 100 }
}

extension Cgroups {
    /// Of no avail where the kernel has no such controller.
    func give(_ share: CPUShare, to instance: InstanceID, of paths: FleetPaths) {
        for folder in folders(instance, of: paths.fleet) {
            for (name, value) in [("cpu.shares", share.shares), ("cpu.weight", share.weight)] {
                let file = folder.appending(name)
                if Files.exists(file) { try? Self.put("\(value)", into: file) }
            }
        }
    }

    /// Into a file of the kernel, which is written in place.
    static func put(_ text: String, into file: FilePath) throws {
        let descriptor = try FileDescriptor.open(file, .writeOnly, options: .closeOnExec)
        defer { try? descriptor.close() }
        _ = try descriptor.writeAll(text.utf8)
    }
}

/// Sees that a start that takes its time is not slowed down for ever: a busy fleet could keep it from ever being well.
final class StartingShares: Sendable {  // a class: all copies of a platform share it
    /// So long others go first.
    static let patience = Duration.seconds(5)
    /// More than a machine runs; who is forgotten is given its full share once more.
    private static let most = 1024
    /// Those that have their full share.
    private let full = Mutex<Set<InstanceID>>([])

    func giveFull(to instance: InstanceID, of paths: FleetPaths) throws {
        try Cgroups.current(of: paths.home).give(.full, to: instance, of: paths)
        full.withLock { full in
            if full.count >= Self.most { full.removeAll() }
            full.insert(instance)
        }
    }

    /// Asked with every look at one that has no requests.
    func look(at observation: InstanceObservation, of paths: FleetPaths, now: BootInstant = .now) throws {
        guard observation.traffic == .none, case .running = observation.process,
            let started = observation.started, started.duration(to: now) > Self.patience,
            full.withLock({ !$0.contains(observation.spec.id) })
        else { return }
        try giveFull(to: observation.spec.id, of: paths)
    }
}
