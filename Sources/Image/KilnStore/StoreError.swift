package import KilnDiagnostics
package import KilnOCI
import KilnSystem
package import SystemPackage

/// What went wrong in the store of images, layers and packages.
package struct StoreError: DiagnosticError {
    package enum Reason: Sendable, Hashable {
        case unknownImage(String, similar: String?)
        /// A short digest that several images share.
        case ambiguousImage(String, candidates: [String])
        case badImageName(String)
        case missingPlatform(String, ImagePlatform, offered: [ImagePlatform])
        /// One platform's image in an index, where the name of all is meant.
        case onePlatform(String, of: String)
        case missingBlob(Digest)
        case missingPackage(Digest)
        /// The layout's `index.json`, gone from a store that holds images.
        case missingIndex(FilePath)
        /// What a file holds is not what its name or record says.
        case wrongContent(FilePath, expected: Digest, found: Digest)
        case wrongSize(FilePath, expected: Int64, found: Int64)
        /// A sealed layer that is no longer the bytes that were sealed.
        case alteredLayer(DiffID, path: FilePath)
        case missingLayer(DiffID)
        /// Two layers with one short name.
        case layerNameTaken(DiffID, by: DiffID)
        /// A file of the store that cannot be read as what it should be.
        case unreadable(FilePath, why: String)
        case needsRoot(String)
        case mountRefused(FilePath, why: String)
    }

    package let reason: Reason

    package init(_ reason: Reason) {
        self.reason = reason
    }

    package var diagnostics: [Diagnostic] {
        [Diagnostic(code: code, message, causes: causes, hint: hint, exitStatus: exitStatus)]
    }

    private var code: String {
        switch reason {
        case .unknownImage: "store.image.unknown"
        case .ambiguousImage: "store.image.ambiguous"
        case .badImageName: "store.image.name"
        case .missingPlatform, .onePlatform: "store.image.platform"
        case .missingBlob, .missingLayer, .missingPackage: "store.missing"
        case .missingIndex: "store.index"
        case .wrongContent, .wrongSize: "store.digest"
        case .alteredLayer: "store.layer.altered"
        case .layerNameTaken: "store.layer.name"
        case .unreadable: "store.unreadable"
        case .needsRoot: "store.root"
        case .mountRefused: "store.mount"
        }
    }

    private var message: String {
        switch reason {
        case .unknownImage(let name, _): "there is no image \"\(name)\""
        case .ambiguousImage(let name, _): "several images begin with \(name)"
        case .badImageName(let name): "\"\(name)\" is no name for an image"
        case .missingPlatform(let name, let platform, _): "image \"\(name)\" is not there for \(platform)"
        case .onePlatform(let reference, let name):
            "\"\(reference)\" is one platform of image \"\(name)\", not a name"
        case .missingBlob(let digest): "blob \(digest) is not in the store"
        case .missingPackage(let sha256): "package \(sha256) is not in the store"
        case .missingIndex(let path): "\(path), which holds the names of the images, is gone"
        case .wrongContent(let path, _, _): "\(path) is damaged: its content does not match its digest"
        case .wrongSize(let path, _, _): "\(path) has the wrong size"
        case .alteredLayer(let diffID, _): "sealed layer \(diffID.short) was altered after it was sealed"
        case .missingLayer(let diffID): "layer \(diffID.short) is not sealed here"
        case .layerNameTaken(let diffID, _): "layer \(diffID) cannot be kept: its short name is taken"
        case .unreadable(let path, _): "\(path) cannot be read"
        case .needsRoot(let what): "\(what) needs root"
        case .mountRefused(let path, _): "cannot mount the layers at \(path)"
        }
    }

    private var causes: [String] {
        switch reason {
        case .ambiguousImage(_, let candidates): ["it could be \(candidates.joined(separator: ", "))"]
        case .missingPlatform(_, _, let offered) where !offered.isEmpty:
            ["it is for \(offered.map(\.description).joined(separator: ", "))"]
        case .wrongContent(_, let expected, let found): ["expected \(expected), found \(found)"]
        case .wrongSize(_, let expected, let found): ["expected \(expected) bytes, found \(found)"]
        case .alteredLayer(_, let path): ["\(path) differs from the digest recorded at sealing"]
        case .layerNameTaken(_, let other): ["\(other) has it"]
        case .unreadable(_, let why), .mountRefused(_, let why): [why]
        default: []
        }
    }

    private var hint: String? {
        switch reason {
        case .unknownImage(_, let similar):
            similar.map { "did you mean \"\($0)\"?" } ?? "kiln image list shows what there is"
        case .ambiguousImage: "write more digits of the digest"
        case .badImageName: "use letters, digits and . _ - / : in it"
        case .missingPlatform(_, let platform, _):
            "add \(platform) to platforms: of the image, then bake it; or pull it with --all-platforms"
        case .onePlatform(_, let name): "kiln image remove \(name) takes the name from all platforms"
        case .missingBlob, .missingLayer: "bake or pull the image again"
        case .missingPackage: "run the command again to fetch it"
        case .missingIndex:
            #"put it back; or write {"schemaVersion":2,"manifests":[]} into it to begin without names, and bake again"#
        case .wrongContent, .wrongSize: "bake or pull again, which makes or fetches it anew"
        case .alteredLayer: "the instances on it should be replaced; remove the file to have it sealed anew"
        case .layerNameTaken(_, let other):
            "remove the images with layer \(other.short), run kiln gc, then run the command again"
        case .unreadable: "put it back from a backup, or remove it and bake or pull what it belongs to again"
        case .needsRoot: "run the command with sudo"
        case .mountRefused: "kiln doctor tells what the kernel lacks"
        }
    }

    private var exitStatus: ExitStatus {
        switch reason {
        case .unknownImage, .ambiguousImage, .badImageName, .missingPlatform, .onePlatform: .usage
        default: .failed
        }
    }
}
