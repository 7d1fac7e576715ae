package import KilnDiagnostics
package import KilnOCI
package import KilnRegistry
package import OrderedCollections
package import SystemPackage

/// One golden image: what it stands on, what is added, and how an instance of it runs.
package struct ImageDefinition: Sendable, Hashable {
    package enum Origin: Sendable, Hashable {
        /// A minimal root from a package archive.
        case archive(ArchiveName)
        /// Another image of the same definition.
        case image(ImageName)
        /// An image in a registry.
        case oci(ImageReference)
        /// A root file system as a tar file (plain, gzip or zstd), relative to the definition.
        case tar(FilePath)
        case scratch
    }

    package var origin: Origin
    /// What it is baked for; empty takes what the image below has, and this machine's own platform where none says any.
    package var platforms: [ImagePlatform]
    /// Where packages come from besides the archive that the chain starts from.
    package var archives: [ArchiveName]
    package var packages: [String]
    package var pins: [PackagePin]
    /// Answers to what this image's own packages ask.
    package var debconf: [DebconfAnswer]
    package var downloads: [DownloadDefinition]
    package var version: String?
    package var users: [UserDefinition]
    package var files: [FileDefinition]
    package var steps: [StepDefinition]
    /// nil takes what the image below has, if anything.
    package var profile: ImageProfile?
    package var hardening: HardeningDefinition
    package var env: OrderedDictionary<String, String>
    package var entrypoint: [String]
    /// Absolute path inside the image.
    package var workingDirectory: String?
    /// A user's name (declared here or present in the image), or a number.
    package var user: String?
    package var ports: OrderedDictionary<PortName, UInt16>
    package var health: HealthDefinition?
    package var state: [StateDefinition]
    package var stop: StopDefinition
    /// Must pass before a release is made of it; no part of the image itself.
    package var checks: [CheckDefinition]
    /// Each must have signed the registry's image below it before that is locked; no part of the image itself.
    package var baseSignedBy: [SignerName] = []
    /// What must hold before a release is made of it; no part of the image itself. nil takes what the image below has, if anything.
    package var gate: GateDefinition?
    package var span: SourceSpan?
    /// Where each key of this image stands, by key (`packages`, `steps`, …), for errors of later stages.
    package var spans: [String: SourceSpan]

    package init(origin: Origin) {
        self.origin = origin
        platforms = []
        archives = []
        packages = []
        pins = []
        debconf = []
        downloads = []
        users = []
        files = []
        steps = []
        hardening = HardeningDefinition()
        env = [:]
        entrypoint = []
        ports = [:]
        state = []
        stop = StopDefinition()
        checks = []
        spans = [:]
    }
}

/// A system user that the image's own processes run as; gets a group of the same name and id.
package struct UserDefinition: Sendable, Hashable {
    package var name: String
    package var uid: UInt32
    /// Absolute; created empty when the image lacks it, unless it is `/nonexistent`.
    package var home: String
    package var shell: String
    package var span: SourceSpan?

    package init(
        name: String,
        uid: UInt32,
        home: String = "/nonexistent",
        shell: String = "/usr/sbin/nologin",
        span: SourceSpan? = nil
    ) {
        self.name = name
        self.uid = uid
        self.home = home
        self.shell = shell
        self.span = span
    }
}

/// A file or a whole folder copied from beside the definition.
package struct FileDefinition: Sendable, Hashable {
    /// Relative to the definition's folder.
    package var source: FilePath
    /// Absolute path inside the image; a folder's content lands in it.
    package var target: String
    /// A user's name or a number; `root` by default. The group is the user's own.
    package var owner: String
    /// Permission bits for files; nil takes 0644, or 0755 where the source is executable by its owner. Folders get 0755.
    package var mode: UInt32?
    /// The only ones of the image's platforms that get it; empty for all.
    package var platforms: [ImagePlatform]
    package var span: SourceSpan?

    package init(
        source: FilePath,
        target: String,
        owner: String = "root",
        mode: UInt32? = nil,
        platforms: [ImagePlatform] = [],
        span: SourceSpan? = nil
    ) {
        self.source = source
        self.target = target
        self.owner = owner
        self.mode = mode
        self.platforms = platforms
        self.span = span
    }
}

/// A script or a playbook run in the image's root at bake time: no network, inputs read-only.
package struct StepDefinition: Sendable, Hashable {
    package enum Program: Sendable, Hashable {
        /// Run by its `#!` line (by `/bin/sh -e` without one).
        case script
        /// Ansible's.
        case playbook
    }

    /// Beside the definition.
    package var run: FilePath
    package var program = Program.script
    /// A playbook's extra variables.
    package var vars: OrderedDictionary<String, String> = [:]
    /// More files or folders that the script may read, under `/kiln/inputs/<as written>`.
    package var inputs: [FilePath]
    package var env: OrderedDictionary<String, String>
    /// What it may read while it runs, and nothing else keeps.
    package var secrets: [StepSecret]
    package var span: SourceSpan?

    package init(
        run: FilePath,
        inputs: [FilePath] = [],
        env: OrderedDictionary<String, String> = [:],
        secrets: [StepSecret] = [],
        span: SourceSpan? = nil
    ) {
        self.run = run
        self.inputs = inputs
        self.env = env
        self.secrets = secrets
        self.span = span
    }
}

/// How an instance is asked whether it is well.
package struct HealthDefinition: Sendable, Hashable, Codable {
    package enum Probe: Sendable, Hashable, Codable {
        /// GET; any status from 200 to 399 passes.
        case http(port: UInt16, path: String)
        case tcp(port: UInt16)
        /// A command inside the instance; status 0 passes.
        case command([String])
    }

    package var probe: Probe
    package var interval: Duration
    package var timeout: Duration
    /// Passes in a row that make it healthy.
    package var healthy: Int
    /// Failures in a row that make it unhealthy.
    package var unhealthy: Int

    package init(
        probe: Probe,
        interval: Duration = .seconds(1),
        timeout: Duration = .seconds(2),
        healthy: Int = 2,
        unhealthy: Int = 3
    ) {
        self.probe = probe
        self.interval = interval
        self.timeout = timeout
        self.healthy = healthy
        self.unhealthy = unhealthy
    }
}

/// A path of an instance that may be written.
package struct StateDefinition: Sendable, Hashable, Codable {
    package enum Access: String, Sendable, Hashable, Codable, CaseIterable {
        /// All instances of the fleet see one volume.
        case shared
        /// Each slot has its own, which its replacement inherits.
        case perSlot = "per_slot"
        /// One instance at a time; no zero-downtime rollout.
        case exclusive
    }

    package enum Kind: Sendable, Hashable, Codable {
        /// Kept until `destroy --volumes`. The name is the fleet's own.
        case volume(String, Access)
        /// In memory, empty at each start; size in bytes.
        case tmpfs(size: Int64)
    }

    /// Absolute path inside the instance.
    package var path: String
    package var kind: Kind

    package init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

/// How an instance is asked to end.
package struct StopDefinition: Sendable, Hashable, Codable {
    /// Without `SIG`, such as `TERM`.
    package var signal: String
    /// How long it may take before it is killed.
    package var grace: Duration

    package init(signal: String = "TERM", grace: Duration = .seconds(10)) {
        self.signal = signal
        self.grace = grace
    }
}
