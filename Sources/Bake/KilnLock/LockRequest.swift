package import KilnDefinition
package import KilnOCI
import KilnRegistry
import OrderedCollections
import SystemPackage

/// The digest over what the resolution of an image reads of the definition.
///
/// It covers, for the image and each one below it: the origin, the sorted package names, and for an archive its name,
/// suites and components (in order: equal versions go to the earlier), whether Recommends count, its priority, further
/// archives and pins, and the architecture.
/// `version` covers the rules of resolution themselves, such as what a minimal root holds.
///
/// Left out on purpose, since they are settings of a machine and the lock pins the result by digest anyway: the mirror, and
/// the keyring's path and content. Whatever is not read by the resolution (files, users, steps, env) is left out as well.
package enum LockRequest {
    /// Raise it when the same definition and archive would resolve to something else.
    static let version = 1

    /// `platform` is that of images which do not say theirs.
    package static func digest(
        of image: ImageName,
        in definition: Definition,
        platform: ImagePlatform = .host
    ) throws -> Digest {
        let chain = try ImageChain(of: image, in: definition)
        let links = chain.names.compactMap { definition.images[$0] }.map {
            Link(
                origin: origin(of: $0, in: definition),
                packages: packages(of: $0),
                archives: $0.archives.isEmpty ? nil : $0.archives.map { archive($0, in: definition) },
                pins: $0.pins.isEmpty ? nil : $0.pins.map(Pin.init)
            )
        }
        let architecture = (image.platform ?? platform).debianArchitecture
        let request = Request(version: version, architecture: architecture, chain: links)
        return Digest(of: try CanonicalJSON.encode(request))
    }

    /// What the image asks for, as a sorted set: the order in which a user lists packages means nothing.
    static func packages(of image: ImageDefinition) -> [String] {
        Set(image.packages).sorted()
    }

    private struct Request: Encodable {
        let version: Int
        let architecture: String
        let chain: [Link]
    }

    private struct Link: Encodable {
        let origin: Origin
        let packages: [String]
        /// nil for none, so that requests from before there were any stay what they are. So it is with the rest.
        let archives: [Origin]?
        let pins: [Pin]?
    }

    private struct Pin: Encodable {
        let package: String
        var suite: String?
        var archive: String?
        var version: String?
        let priority: Int

        init(_ pin: PackagePin) {
            package = pin.package
            priority = pin.priority
            switch pin.target {
            case .suite(let suite): self.suite = suite
            case .archive(let archive): self.archive = archive.description
            case .version(let version): self.version = version
            }
        }
    }

    private struct Origin: Encodable {
        var kind: String
        /// The archive's name, or the tar's path or the registry's image as written. The image below is the link before.
        var name: String?
        var suites: [String]?
        var components: [String]?
        var recommends: Bool?
        var priority: Int?
    }

    private static func archive(_ name: ArchiveName, in definition: Definition) -> Origin {
        let archive = definition.archives[name]
        return Origin(
            kind: "archive",
            name: name.description,
            suites: archive?.suites,
            components: archive?.components,
            recommends: archive?.recommends,
            priority: archive?.priority
        )
    }

    private static func origin(of image: ImageDefinition, in definition: Definition) -> Origin {
        switch image.origin {
        case .archive(let name): return archive(name, in: definition)
        case .image: return Origin(kind: "image")
        case .oci(let reference): return Origin(kind: "oci", name: reference.description)
        case .tar(let path): return Origin(kind: "tar", name: path.string)
        case .scratch: return Origin(kind: "scratch")
        }
    }
}
