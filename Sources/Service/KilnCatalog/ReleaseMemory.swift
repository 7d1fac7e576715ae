package import KilnDefinition
package import KilnFleet
import Synchronization

/// Releases of fleets as they were read last, for those who need them again and again: good until anything is written.
package final class ReleaseMemory: Sendable {  // a class: its users share what was read
    private struct Place: Hashable {
        let fleet: FleetName
        let number: ReleaseNumber
    }

    private struct Kept {
        var revision: StoreRevision?
        var releases: [Place: Release] = [:]
    }

    private let catalog: Catalog
    private let kept = Mutex(Kept())

    package init(_ catalog: Catalog) {
        self.catalog = catalog
    }

    /// Those of the numbers that there are.
    package func releases(_ numbers: Set<ReleaseNumber>, of fleet: FleetName) async throws -> [Release] {
        let revision = try await catalog.revision()
        var releases: [Release] = []
        for number in numbers {
            let place = Place(fleet: fleet, number: number)
            if let known = kept.withLock({ $0.revision == revision ? $0.releases[place] : nil }) {
                releases.append(known)
            } else if let read = try await catalog.release(number, of: fleet) {
                releases.append(read)
                kept.withLock { kept in
                    if kept.revision != revision { kept = Kept(revision: revision) }
                    kept.releases[place] = read
                }
            }
        }
        return releases
    }
}
