import KilnDiagnostics
import SystemPackage

/// One file as each of its environments has it, and as it is without any.
struct DefinitionVariants {
    /// Each one is a reading of the whole file.
    static let limit = 64

    private let root: YAMLNode
    private let directory: FilePath
    private let variables: Variables

    /// nil when the text is no document, which is reported.
    init?(directory: FilePath, _ reading: inout Reading) {
        guard let root = YAMLDocument.read(&reading) else { return nil }
        self.root = root
        self.directory = directory
        variables = Variables(of: root)
    }

    /// The definition with an environment's values, once it was judged with those of every other as well.
    func definition(for environment: EnvironmentName?, _ reading: inout Reading) -> Definition? {
        var chosen = read(nil, &reading)
        let names = (root.entry("environments")?.entries ?? []).compactMap {
            try? EnvironmentName(parsing: $0.name)
        }
        guard names.count <= Self.limit else {
            let place = root.entries?.first { $0.name == "environments" }?.key ?? root
            reading.report(
                "too-large",
                "more than \(Self.limit) environments",
                at: reading.lines.span(of: place)
            )
            return nil
        }
        var told = Set(reading.problems.map(\.identity))
        for name in names {
            var variant = Reading(again: reading)
            let definition = read(name, &variant)
            for problem in variant.problems where told.insert(problem.identity).inserted {
                var problem = problem
                problem.error.causes.append("so it is in the environment \"\(name)\"")
                reading.report(problem)
            }
            if name == environment { chosen = definition }
        }
        if let environment, !names.contains(environment) {
            reportUnknown(environment, names, &reading)
            return nil
        }
        return chosen
    }

    private func read(_ environment: EnvironmentName?, _ reading: inout Reading) -> Definition? {
        var interpolation = Interpolation(variables, for: environment)
        let laid = environment.map { EnvironmentOverlay.apply($0, to: root) } ?? root
        let node = interpolation.apply(to: laid, &reading)
        let passage = Passage(path: [], node: node, example: "kiln: 1")
        guard let draft = TopKeys.shape.read(passage, &reading) else { return nil }
        return DefinitionAssembly(draft: draft, environment: environment)
            .definition(directory: directory, &reading)
    }

    private func reportUnknown(
        _ environment: EnvironmentName,
        _ names: [EnvironmentName],
        _ reading: inout Reading
    ) {
        let place = root.entries?.first { $0.name == "environments" }?.key
        reading.report(
            "unknown-environment",
            "\(reading.lines.source.name) has no environment \"\(environment)\"",
            at: place.map { reading.lines.span(of: $0) },
            hint: names.isEmpty
                ? "add it: environments: {\(environment): {vars: …, fleets: …}}"
                : Spelling.hint(for: environment.description, in: names.map(\.description))
        )
    }
}

extension Problem {
    /// What makes it the same mistake in two environments.
    fileprivate var identity: [String] {
        [error.code, error.message, error.span?.place ?? ""]
    }
}
