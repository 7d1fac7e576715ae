import Glibc
package import KilnDefinition
package import KilnSystem

/// The right to change a fleet: one holder at a time, for as long as it lives and keeps renewing.
package struct Lease: Sendable, Hashable, Codable {
    /// How long a lease lasts without being renewed.
    package static let duration = Duration.seconds(30)
    package static let renewal = Duration.seconds(10)
    /// Why a controller holds a lease that nobody asked it for; it gives way to whoever changes the fleet.
    package static let tending = "tend"

    package let fleet: FleetName
    package let token: FencingToken
    package let holder: LeaseHolder
    /// What the holder does with it, such as `deploy`.
    package let reason: String
    /// Seconds since 1970.
    package let acquired: Int64
    /// On the boot clock of the holder's boot.
    package var expires: BootInstant
    /// Somebody asked the holder to come to an end; nil is no.
    package private(set) var isInterrupted: Bool?
    /// Who asked, for people.
    package private(set) var interruptor: String?

    package init(
        fleet: FleetName,
        token: FencingToken,
        holder: LeaseHolder,
        reason: String,
        acquired: Int64,
        expires: BootInstant
    ) {
        self.fleet = fleet
        self.token = token
        self.holder = holder
        self.reason = reason
        self.acquired = acquired
        self.expires = expires
    }

    package mutating func interrupt(by who: String) {
        isInterrupted = true
        interruptor = who
    }

    /// Whether the holder only does what is due.
    package var isTending: Bool { reason == Self.tending && holder.isController }

    /// Whether another must wait: the holder lives, on this boot, and renewed in time.
    package func isHeld(now: BootInstant, bootID: String, isAlive: (LeaseHolder) -> Bool) -> Bool {
        holder.bootID == bootID && now < expires && isAlive(holder)
    }
}

package struct LeaseRequest: Sendable {
    package let fleet: FleetName
    package let holder: LeaseHolder
    package let reason: String
    package let now: BootInstant
    /// Seconds since 1970.
    package let time: Int64
    /// Whether the process that holds the lease still runs.
    package let isAlive: @Sendable (LeaseHolder) -> Bool

    package init(
        fleet: FleetName,
        holder: LeaseHolder,
        reason: String,
        now: BootInstant,
        time: Int64,
        isAlive: @escaping @Sendable (LeaseHolder) -> Bool
    ) {
        self.fleet = fleet
        self.holder = holder
        self.reason = reason
        self.now = now
        self.time = time
        self.isAlive = isAlive
    }
}

package enum LeaseAnswer: Sendable, Hashable {
    case granted(Lease)
    case held(Lease)
}

/// A process on one boot. Its number alone is not enough: numbers come back.
package struct LeaseHolder: Sendable, Hashable, Codable {
    package let bootID: String
    package let pid: Int32
    /// Clock ticks between boot and its start (`/proc/<pid>/stat`, field 22).
    package let startTicks: UInt64
    /// nil is no.
    private let controls: Bool?

    package init(bootID: String, pid: Int32, startTicks: UInt64, isController: Bool = false) {
        self.bootID = bootID
        self.pid = pid
        self.startTicks = startTicks
        controls = isController ? true : nil
    }

    /// Whether the process drives several fleets, and hears in the store that it should end one of its drives. Any other is
    /// told by a signal.
    package var isController: Bool { controls == true }

    /// Asks the process to come to a good end, as Ctrl-C does, if it still is the one that it was.
    package func interrupt() {
        if !isController, isAlive { kill(pid, SIGINT) }
    }
}
