import KilnArchive
import KilnInventory

/// What a server came to: how much of it the definition accounts for, and all that somebody should know.
package struct AdoptReport: Sendable, Hashable, Encodable {
    package struct Package: Sendable, Hashable, Encodable {
        package let name: String
        package let version: String
        package let why: String
    }

    package struct Packages: Sendable, Hashable, Encodable {
        package var chosen: [Package] = []
        /// Come with those, and are not named.
        package var dependencies = 0
        package var minimal = 0
        /// Of a stock installation, left out.
        package var stock: [String] = []
        /// Nothing asks for them: left out.
        package var orphans: [String] = []
        /// Removed, with configuration left behind.
        package var removed: [String] = []
        package var broken: [String] = []
    }

    package struct Service: Sendable, Hashable, Encodable {
        package let name: String
        package let unit: String
        package let package: String?
        package let user: String?
        package let ports: [UInt16]
    }

    package struct Port: Sendable, Hashable, Encodable {
        package let port: UInt16
        package let address: String
        package let program: String
        package let evidence: String
    }

    package struct Job: Sendable, Hashable, Encodable {
        package let file: String
        package let line: Int
        package let schedule: String
        package let user: String
        package let command: String
    }

    package struct State: Sendable, Hashable, Encodable {
        package let path: String
        package let files: Int
        package let bytes: Int64
    }

    package struct Noise: Sendable, Hashable, Encodable {
        package let why: String
        package let files: Int
        package let bytes: Int64
    }

    package struct Person: Sendable, Hashable, Encodable {
        package let name: String
        package let uid: UInt32
        /// In the definition, or left out.
        package let isCarriedOver: Bool
    }

    package var source: String
    package var output: String
    package var system: String?
    package var total: Tally
    package var shares: [String: Tally]
    package var packages: Packages
    package var services: [Service]
    package var machineServices: [String]
    package var timers: [ServerTimer]
    package var jobs: [Job]
    package var sysctls: [String]
    package var ports: [Port]
    package var users: [Person]
    package var state: [State]
    package var secrets: [AdoptSecret]
    package var noise: [Noise]
    package var unexplained: [UnexplainedFile]
    /// Unexplained ones that are not listed.
    package var unlisted: Int
    /// What packages brought and somebody deleted.
    package var deleted: Int
    package var notes: [AdoptNote]

    package func share(_ share: Share) -> Tally { shares[share.rawValue] ?? Tally() }

    /// Of a thousand files, those that something explains.
    package var accountedFiles: Double {
        total.files == 0 ? 1 : 1 - Double(share(.unexplained).files) / Double(total.files)
    }

    package var accountedBytes: Double {
        total.bytes == 0 ? 1 : 1 - Double(share(.unexplained).bytes) / Double(total.bytes)
    }

    private enum CodingKeys: String, CodingKey {
        case source, output, system, total, shares, packages, services, machineServices, timers, jobs,
            sysctls, ports, users, state, secrets,
            noise, unexplained, unlisted, deleted, notes, accountedFiles, accountedBytes
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(source, forKey: .source)
        try values.encode(output, forKey: .output)
        try values.encodeIfPresent(system, forKey: .system)
        try values.encode(total, forKey: .total)
        try values.encode(shares, forKey: .shares)
        try values.encode(permille(accountedFiles), forKey: .accountedFiles)
        try values.encode(permille(accountedBytes), forKey: .accountedBytes)
        try values.encode(packages, forKey: .packages)
        try values.encode(services, forKey: .services)
        try values.encode(machineServices, forKey: .machineServices)
        try values.encode(timers, forKey: .timers)
        try values.encode(jobs, forKey: .jobs)
        try values.encode(sysctls, forKey: .sysctls)
        try values.encode(ports, forKey: .ports)
        try values.encode(users, forKey: .users)
        try values.encode(state, forKey: .state)
        try values.encode(secrets, forKey: .secrets)
        try values.encode(noise, forKey: .noise)
        try values.encode(unexplained, forKey: .unexplained)
        try values.encode(unlisted, forKey: .unlisted)
        try values.encode(deleted, forKey: .deleted)
        try values.encode(notes, forKey: .notes)
    }

    /// Rounded down: 1 is all and nothing less.
    private func permille(_ share: Double) -> Double { (share * 1000).rounded(.down) / 1000 }
}
