import KilnAdopt
import KilnArchive
import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import OrderedCollections
import SystemPackage

/// Bakes what was written, and holds it against the server.
struct AdoptVerification {
    struct Result: Encodable {
        let image: String
        let compared: Int
        let differences: [RootComparison.Difference]
        let moved: [RootComparison.Moved]

        func text(limit: Int) -> String {
            var lines = ["", "held against the baked image: \(compared) names compared"] + packages(limit)
            guard !differences.isEmpty else {
                return (lines + ["nothing differs, apart from what was left out on purpose"]).joined(
                    separator: "\n"
                )
            }
            lines.append("\(differences.count) \(differences.count == 1 ? "difference" : "differences"):")
            var table = TextTable(("PATH", .left), ("WHAT", .left), ("SERVER", .left), ("IMAGE", .left))
            for difference in differences.prefix(limit) {
                table.add(
                    "/" + difference.path,
                    difference.what,
                    difference.server ?? "-",
                    difference.image ?? "-"
                )
            }
            lines.append(table.render(color: false))
            if differences.count > limit {
                lines.append("and \(differences.count - limit) more (--limit \(differences.count) shows all)")
            }
            return lines.joined(separator: "\n")
        }

        /// What differs by its package is told once for the package.
        private func packages(_ limit: Int) -> [String] {
            var lines: [String] = []
            for package in moved.prefix(limit) {
                guard let server = package.server, let image = package.image else { continue }
                lines.append(
                    "  \(package.package) is \(server) on the server and \(image) in the image: \(Quantities.count(package.files, "file")) of it"
                )
            }
            for (found, words) in [
                (moved.filter { $0.image == nil }, "on the server alone: nothing in the image needs"),
                (moved.filter { $0.server == nil }, "in the image alone: every root that Kiln bakes has"),
            ] where !found.isEmpty {
                let files = found.reduce(0) { $0 + $1.files }
                let them = found.count == 1 ? "it" : "them"
                lines.append(
                    "  \(Quantities.count(found.count, "package")) \(words) \(them) (\(Quantities.count(files, "file"))): \(Quantities.first(12, of: found.map(\.package)))"
                )
            }
            return lines
        }
    }

    private let adopted: Adopted
    private let source: any ServerSource
    private let folder: FilePath

    init(_ adopted: Adopted, _ source: any ServerSource, _ folder: FilePath) {
        self.adopted = adopted
        self.source = source
        self.folder = folder
    }

    func run(_ context: CommandContext, _ format: OutputFormat) async throws -> Result {
        let definition = try DefinitionReader.read(file: folder.appending("kiln.yaml"), environment: nil)
        let registry = context.registry()
        return try await context.withProgress(format) {
            let locked = try await Locker(home: context.home, registry: registry).lock(
                definition,
                file: folder.appending("kiln.lock"),
                encoder: definition.encoder,
                behaviours: BakeBehaviour.all,
                update: .none
            )
            let name = try ImageName(parsing: adopted.image)
            let outcome = try await BakeExecutor(
                definition: definition,
                lock: locked.lock,
                home: context.home,
                registry: registry,
                inspector: nil,
                environment: context.environment
            ).run([name], rebuilding: .nothing)
            guard let baked = outcome.images.first(where: { $0.name.common == name }) else {
                throw DiagnosticFailure(Diagnostic(code: "adopt.baked", "\(name) was not baked"))
            }
            let done = try await compare(baked.manifest.digest, versions(locked.lock), context.home)
            return Result(
                image: baked.manifest.digest.description,
                compared: done.compared,
                differences: done.differences,
                moved: done.moved
            )
        }
    }

    private func compare(
        _ digest: Digest,
        _ versions: [String: String],
        _ home: KilnHome
    ) async throws -> RootComparison {
        let store = ImageStore(home: home)
        let image = try ComparedImage(digest.description, in: store)
        let layers = try store.manifest(digest).value.layers.map(\.digest)
        let (source, adopted) = (source, adopted)
        return try await Blocking.run {
            let added = RootComparison.added(versions, to: adopted)
            let lists = try Self.lists(of: added, in: layers, home)
            var comparison = RootComparison(adopted, image: image.root, versions: versions, lists: lists)
            try comparison.run(source)
            return comparison
        }
    }

    /// dpkg's lists of what these packages brought, out of the image's layers.
    private static func lists(
        of packages: Set<String>,
        in layers: [Digest],
        _ home: KilnHome
    ) throws -> [String: [String]] {
        guard !packages.isEmpty else { return [:] }
        let folder = "var/lib/dpkg/info/"
        var lists: [String: [String]] = [:]
        for layer in layers {
            let blob = ImageStore(home: home).blobPath(layer)
            var reader = TarReader(try Decompressor(FileSource(blob)), hashing: false)
            while let entry = try reader.next() {
                guard entry.path.hasPrefix(folder), entry.path.hasSuffix(".list"), case .file = entry.kind
                else { continue }
                let name = String(entry.path.dropFirst(folder.count).dropLast(5).prefix { $0 != ":" })
                guard packages.contains(name) else { continue }
                var bytes: [UInt8] = []
                try reader.readContent { bytes += $0 }
                lists[name] = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            }
        }
        return lists
    }

    /// Of all images of the chain: each package is in one of them.
    private func versions(_ lock: Lock) -> [String: String] {
        var versions: [String: String] = [:]
        for image in lock.images.values {
            for package in image.packages { versions[package.name] = "\(package.version)" }
        }
        return versions
    }
}
