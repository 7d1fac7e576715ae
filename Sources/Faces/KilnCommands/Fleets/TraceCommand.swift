import ArgumentParser
import KilnAttest
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Follow an instance back to its source: release, image, layers, packages, git commit.",
        discussion: """
            What is told of the image is what its bake wrote down beside it (SLSA provenance), signed or not, and the last line \
            says which. With --key only what was signed with that key counts (exit status 3 when nothing was). --package shows what an \
            instance has of a package.

            Examples:

              kiln trace shop-4-ab12
              kiln trace shop/shop-4-a --package openssl
              kiln trace shop-4-ab12 --key keys/shop-ci.pub
            """
    )

    @Argument(help: "[FLEET/]INSTANCE; the beginning of an instance's name will do.")
    var instance: String

    @Option(help: "Show the packages whose names have this in them.")
    var package: String?

    @Option(help: "A public key that the provenance must be signed with; of several any.")
    var key: [String] = []

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let keys = try key.map { try KeyFile.verificationKey(FilePath($0)) }
        guard let place = InstancePlace(instance + ":/") else {
            throw ValidationError("\(ShownText.line(instance)) names no instance: [FLEET/]INSTANCE")
        }
        let fleets = try FleetContext(context)
        var known: [(fleet: FleetName, id: InstanceID)] = []
        for fleet in try await fleets.names(place.fleet) {
            known += try await fleets.reader.instances(of: fleet).map { (fleet, $0) }
        }
        let (fleet, id) = try place.resolve(among: known)
        guard let number = try await fleets.store.instances(of: fleet).first(where: { $0.id == id })?.release,
            let release = try await fleets.store.releaseEntries(of: fleet).first(where: {
                $0.number == number
            })
        else {
            throw DiagnosticFailure(
                Diagnostic(code: "fleet.unknown-instance", "nothing is known of the release of \(id)")
            )
        }
        let store = ImageStore(home: context.home)
        let report = TraceReport(
            instance: id.description,
            fleet: fleet,
            release: release,
            layers: try store.manifest(release.image).value.layers,
            provenance: try await ImageAttestations(store: store).provenance(
                of: release.image,
                by: keys.isEmpty ? [] : [Signer(name: key.joined(separator: " or "), keys: keys)]
            ),
            package: package
        )
        if format.format == .json { return try context.resultJSON(report) }
        context.console.result(report.text)
    }
}

struct TraceReport: Encodable {
    struct Layer: Encodable {
        let digest: Digest
        let diffID: DiffID?
        let createdBy: String?
        let verification: Provenance.Verification?
    }

    struct Package: Encodable {
        let name: String
        let purl: String
        let sha256: String
    }

    struct Source: Encodable {
        let commit: String
        let repository: String?
        let dirty: Bool
    }

    let instance: String
    let fleet: FleetName
    let release: UInt64
    let releaseDigest: Digest
    let image: ImageName
    let version: String?
    let imageDigest: Digest
    let layers: [Layer]
    /// nil for an image of which no bake of ours told.
    let packages: [Package]?
    let definition: String?
    let lock: String?
    let source: Source?
    let builder: String?
    /// Whose word all that is: `unsigned`, `unchecked` (signed, by nobody knows whom) or `signed`; nil when nothing is told.
    let standing: String?
    private let vouching: ImageAttestations.ToldProvenance.Standing?

    private enum CodingKeys: CodingKey {
        case instance, fleet, release, releaseDigest, image, version, imageDigest, layers, packages,
            definition
        case lock, source, builder, standing
    }

    init(
        instance: String,
        fleet: FleetName,
        release entry: ReleaseEntry,
        layers blobs: [Descriptor],
        provenance found: ImageAttestations.ToldProvenance?,
        package wanted: String?
    ) {
        self.instance = instance
        self.fleet = fleet
        release = UInt64(entry.number.rawValue)
        releaseDigest = entry.digest
        image = entry.imageName
        version = entry.imageVersion
        imageDigest = entry.image
        let provenance = found?.provenance
        let told = provenance?.layers ?? []
        layers = blobs.enumerated().map { index, blob in
            let layer = told.indices.contains(index) && told[index].digest == blob.digest ? told[index] : nil
            return Layer(
                digest: blob.digest,
                diffID: layer?.diffID,
                createdBy: layer?.title,
                verification: layer?.verification
            )
        }
        packages = provenance?.packages
            .filter { wanted == nil || $0.name?.contains(wanted ?? "") == true }
            .map { Package(name: $0.name ?? "", purl: $0.uri ?? "", sha256: $0.digest?["sha256"] ?? "") }
        let build = provenance?.buildDefinition
        definition = build?.externalParameters.definition.digest?["sha256"]
        lock = build?.internalParameters.lock.digest?["sha256"]
        source = provenance?.commit.map {
            Source(commit: $0.id, repository: $0.repository, dirty: $0.isDirty)
        }
        builder = provenance.map { "kiln \($0.runDetails.builder.version["kiln"] ?? "-")" }
        vouching = found?.standing
        standing =
            switch found?.standing {
            case .unsigned: "unsigned"
            case .unchecked: "unchecked"
            case .signed: "signed"
            case nil: nil
            }
    }

    var text: String {
        var lines = ["\(instance) of fleet \(fleet)"]
        lines += WhyText.labelled("release", ["\(release)  \(releaseDigest.short)"])
        lines += WhyText.labelled("image", ["\(image)\(version.map { " \($0)" } ?? "")  \(imageDigest)"])
        lines += WhyText.labelled("layers", layers.map(\.text))
        lines += WhyText.labelled("packages", packageLines)
        guard let definition, let lock else {
            lines.append("  source   unknown: no bake of Kiln's told how the image came about")
            return lines.map(ShownText.line).joined(separator: "\n")
        }
        lines += WhyText.labelled("made of", ["definition \(definition.prefix(12)), lock \(lock.prefix(12))"])
        lines += WhyText.labelled("commit", [sourceLine])
        lines += WhyText.labelled("baked by", [builder ?? "-"])
        lines += WhyText.labelled("told by", [teller])
        return lines.map(ShownText.line).joined(separator: "\n")
    }

    private var packageLines: [String] {
        guard let packages else { return ["unknown"] }
        let shown = packages.prefix(Self.shownPackages).map { "\($0.purl)  \($0.sha256.prefix(12))" }
        let more = packages.count - shown.count
        if more > 0 { return shown + ["and \(more) more: --package NAME, or --format json"] }
        return shown.isEmpty ? ["none"] : shown
    }

    private static let shownPackages = 10

    private var teller: String {
        switch vouching {
        case .unsigned, nil: "the bake here, unsigned"
        case .unchecked: "a signed statement that was not checked: --key FILE checks it"
        case .signed(let signer): "a statement that is signed by \(signer)"
        }
    }

    private var sourceLine: String {
        guard let source else { return "none: the definition was in no git repository" }
        return source.commit + (source.repository.map { " of \($0)" } ?? "")
            + (source.dirty ? ", with changes that were not committed" : "")
    }
}

extension TraceReport.Layer {
    fileprivate var text: String {
        "\(digest.short)  \(createdBy ?? "-")\(verification.map { ", \($0.rawValue)" } ?? "")"
    }
}
