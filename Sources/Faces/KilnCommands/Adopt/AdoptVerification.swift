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
            var lines = ["", "held against the baked image: \(compared) names compared"]
            for package in moved {
                lines.append(
                    "  \(package.package) is \(package.server) on the server and \(package.image) in the image: \(package.files) files differ by that"
                )
            }
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
            if differences.count > limit { lines.append("and \(differences.count - limit) more (--limit)") }
            return lines.joined(separator: "\n")
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
            let image = try ComparedImage(
                baked.manifest.digest.description,
                in: ImageStore(home: context.home)
            )
            let comparison = RootComparison(adopted, image: image.root, versions: versions(locked.lock))
            let source = source
            let done = try await Blocking.run {
                var comparison = comparison
                try comparison.run(source)
                return comparison
            }
            return Result(
                image: baked.manifest.digest.description,
                compared: done.compared,
                differences: done.differences,
                moved: done.moved
            )
        }
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
