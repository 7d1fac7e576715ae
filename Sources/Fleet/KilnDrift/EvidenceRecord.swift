package import KilnFleet
package import KilnOCI

/// What is kept of an instance that drifted, before it goes.
package struct EvidenceRecord: Sendable, Hashable, Codable {
    package struct Process: Sendable, Hashable, Codable {
        package let pid: Int32
        package let parent: Int32
        package let executable: String
        package let arguments: [String]

        package init(pid: Int32, parent: Int32, executable: String, arguments: [String]) {
            self.pid = pid
            self.parent = parent
            self.executable = executable
            self.arguments = arguments
        }
    }

    package let fleet: String
    package let instance: InstanceID
    package let release: ReleaseNumber?
    /// The image's manifest.
    package let image: Digest?
    /// When it was kept, in seconds since 1970.
    package let time: Int64
    package let findings: [DriftFinding]
    package let processes: [Process]
    /// Names of changed files that were too much to keep.
    package let omitted: [String]

    package init(
        fleet: String,
        instance: InstanceID,
        release: ReleaseNumber?,
        image: Digest?,
        time: Int64,
        findings: [DriftFinding],
        processes: [Process],
        omitted: [String]
    ) {
        self.fleet = fleet
        self.instance = instance
        self.release = release
        self.image = image
        self.time = time
        self.findings = findings
        self.processes = processes
        self.omitted = omitted
    }
}
