import Glibc
import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import SystemPackage

/// Every source, script and step input that images read, digested.
struct BakeInputs: Sendable {
    /// By the path as written in the definition.
    let trees: [FilePath: InputTree]

    var digests: [FilePath: Digest] { trees.mapValues(\.digest) }

    /// Blocks: files whose facts changed are read.
    static func digest(
        _ images: [ImageDefinition],
        of definition: Definition,
        home: KilnHome
    ) throws -> BakeInputs {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        let cacheFile = home.cache.appending("inputs").appending("stat-cache")
        var digester = InputDigester(cache: .load(cacheFile), now: now)
        var trees: [FilePath: InputTree] = [:]
        for (path, span) in images.flatMap(sources) where trees[path] == nil {
            trees[path] = try digester.digest(definition.location(of: path), written: path, span: span)
        }
        for step in images.flatMap(\.steps) where trees[step.run]?.entries.first?.content == .directory {
            throw BakeError.noScript(step.run, at: step.span)
        }
        try digester.remembered.save(to: cacheFile)
        return BakeInputs(trees: trees)
    }

    private static func sources(of image: ImageDefinition) -> [(FilePath, SourceSpan?)] {
        image.files.map { ($0.source, $0.span) }
            + image.steps.flatMap { step in ([step.run] + step.inputs).map { ($0, step.span) } }
    }
}

extension Definition {
    /// Where a path of the definition is on the machine.
    func location(of path: FilePath) -> FilePath {
        directory.absolute.pushing(path)
    }
}
