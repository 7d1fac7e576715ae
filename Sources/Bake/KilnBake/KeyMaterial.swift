import KilnDefinition
import KilnLock
import KilnOCI
import OrderedCollections
import SystemPackage

/// What a cache key is the digest of, as canonical JSON. Left out on purpose: names that no layer shows (where a
/// source lies beside the definition, where a package came from), the encoder, and the image's metadata.
struct KeyMaterial: Encodable {
    enum Operation: Encodable {
        case packages([Package], fresh: Bool)
        /// A case of its own, so that layers without answers keep the keys that they always had.
        case preseededPackages([Package], fresh: Bool, debconf: [Answer])
        case tar(Digest)
        case downloads([Download], owners: [User])
        case files([User], [File])
        case playbook(
            path: String,
            content: Digest,
            inputs: [Input],
            env: [String: String],
            vars: [String: String],
            secrets: [String]?,
            ansible: String?
        )
        /// Without secrets' values, which no layer holds; no names is nil.
        case step(script: Digest, inputs: [Input], env: [String: String], secrets: [String]?)
        case hardening(keptSetuid: [String], packageManager: String)
    }

    struct Answer: Encodable {
        let package: String
        let question: String
        let type: String
        let value: String
    }

    struct Package: Encodable {
        let name: String
        let version: String
        let architecture: String
        let sha256: Digest
    }

    struct User: Encodable {
        let name: String
        let uid: UInt32
        let home: String
        let shell: String
    }

    struct File: Encodable {
        let source: Digest
        let target: String
        let owner: String
        let mode: UInt32?
    }

    /// Without the URL: the same content from elsewhere is the same layer.
    struct Download: Encodable {
        let content: Digest
        let target: String
        let owner: String
        let mode: UInt32?
        /// How many folders are stripped; nil for what is not unpacked.
        let unpack: Int?
    }

    /// A step sees its inputs under their written paths.
    struct Input: Encodable {
        let path: String
        let content: Digest
    }

    let behaviour: String
    let parent: Digest?
    let platform: ImagePlatform
    let epoch: Int64
    let operation: Operation
}

extension KeyMaterial.Operation {
    init(_ operation: LayerOperation, ansible: String? = nil, digest: (FilePath) throws -> Digest) throws {
        switch operation {
        case .packages(let packages, let fresh, let debconf):
            let packages = packages.map(KeyMaterial.Package.init)
            self =
                debconf.isEmpty
                ? .packages(packages, fresh: fresh)
                : .preseededPackages(packages, fresh: fresh, debconf: debconf.map(KeyMaterial.Answer.init))
        case .tar(let tar):
            self = .tar(tar.sha256)
        case .downloads(let downloads, let owners):
            self = .downloads(
                downloads.map(KeyMaterial.Download.init),
                owners: owners.map(KeyMaterial.User.init)
            )
        case .files(let users, let files):
            self = .files(
                users.map(KeyMaterial.User.init),
                try files.map { KeyMaterial.File($0, source: try digest($0.source)) }
            )
        case .step(let step) where step.program == .playbook:
            // It finds its roles and files by where they lie beside it.
            self = .playbook(
                path: step.run.lexicallyNormalized().string,
                content: try digest(step.run),
                inputs: try step.inputs.map {
                    KeyMaterial.Input(path: $0.string, content: try digest($0))
                },
                env: Dictionary(uniqueKeysWithValues: step.env.map { ($0, $1) }),
                vars: Dictionary(uniqueKeysWithValues: step.vars.map { ($0, $1) }),
                secrets: step.secretNames,
                ansible: ansible
            )
        case .step(let step):
            self = .step(
                script: try digest(step.run),
                inputs: try step.inputs.map {
                    KeyMaterial.Input(path: $0.string, content: try digest($0))
                },
                env: Dictionary(uniqueKeysWithValues: step.env.map { ($0, $1) }),
                secrets: step.secretNames
            )
        case .hardening(let hardening):
            self = .hardening(
                keptSetuid: Set(hardening.keptSetuid).sorted(),
                packageManager: hardening.packageManager.rawValue
            )
        }
    }
}

extension KeyMaterial.Package {
    fileprivate init(_ package: LockedPackage) {
        name = package.name
        version = package.version
        architecture = package.architecture
        sha256 = package.sha256
    }
}

extension KeyMaterial.User {
    fileprivate init(_ user: UserDefinition) {
        name = user.name
        uid = user.uid
        home = user.home
        shell = user.shell
    }
}

extension KeyMaterial.File {
    fileprivate init(_ file: FileDefinition, source: Digest) {
        self.source = source
        target = file.target
        owner = file.owner
        mode = file.mode
    }
}

extension KeyMaterial.Answer {
    fileprivate init(_ answer: DebconfAnswer) {
        package = answer.package
        question = answer.question
        type = answer.kind.rawValue
        value = answer.value
    }
}

extension StepDefinition {
    /// nil where there are none, so that a step without secrets keeps the key that it always had.
    fileprivate var secretNames: [String]? {
        secrets.isEmpty ? nil : secrets.map(\.name).sorted()
    }
}

extension KeyMaterial.Download {
    fileprivate init(_ download: PlannedDownload) {
        let definition = download.definition
        content = download.locked.sha256
        target = definition.target
        owner = definition.owner
        mode = definition.mode
        unpack = definition.unpack ? definition.strip : nil
    }
}
