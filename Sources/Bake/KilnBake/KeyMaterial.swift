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
        case tar(Digest)
        case files([User], [File])
        case step(script: Digest, inputs: [Input], env: [String: String])
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
    init(_ operation: LayerOperation, digest: (FilePath) throws -> Digest) throws {
        switch operation {
        case .packages(let packages, let fresh):
            self = .packages(packages.map(KeyMaterial.Package.init), fresh: fresh)
        case .tar(let tar):
            self = .tar(tar.sha256)
        case .files(let users, let files):
            self = .files(
                users.map(KeyMaterial.User.init),
                try files.map { KeyMaterial.File($0, source: try digest($0.source)) }
            )
        case .step(let step):
            self = .step(
                script: try digest(step.run),
                inputs: try step.inputs.map {
                    KeyMaterial.Input(path: $0.string, content: try digest($0))
                },
                env: Dictionary(uniqueKeysWithValues: step.env.map { ($0, $1) })
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
