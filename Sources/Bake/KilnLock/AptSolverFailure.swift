import KilnDefinition
import KilnDiagnostics
import KilnSystem

extension AptSolver {
    /// The error for a set that apt could not solve.
    func failure(_ request: AptRequest, _ output: ToolOutput) async throws -> LockError {
        let image = "image \"\(request.image)\""
        guard output.status == .exited(100) else { return noAnswer(image, output) }
        switch AptMessages.solveFailure(output: output.text, errors: output.errorText) {
        case .unknownPackage(let name):
            return missing(name, request, hint: try await hint(for: name))
        case .noCandidate(let name, let providers):
            let hint =
                providers.isEmpty
                ? "other packages mention the name, and no suite of the archive has it"
                : "it is provided by \(providers.joined(separator: ", ")): name the one that you want"
            return missing(name, request, hint: hint)
        case .unknownVersion(let package, let version):
            return unlisted(package, version, request)
        case .unmet(let unmet):
            let names = unmet.map(\.package) + unmet.map(\.targetName)
            let span = names.compactMap { PackageSpan.find($0, in: request.definition) }.first
            return archives.error(
                .unsatisfiable,
                "\(image): its packages cannot be installed together",
                at: span ?? request.definition.spans["packages"] ?? request.definition.span,
                causes: unmet.map { sentence($0, request) },
                hint: unsatisfiableHint(unmet, request)
            )
        case .unsolvable:
            return archives.error(
                .unsatisfiable,
                "\(image): apt finds no set of packages",
                at: request.definition.spans["packages"] ?? request.definition.span,
                causes: AptMessages.complaints(output.errorText),
                hint: "an image never changes what it stands on, and all of a chain must go together"
            )
        case .other: return noAnswer(image, output)
        }
    }

    /// apt ended without saying whether there is a solution.
    private func noAnswer(_ image: String, _ output: ToolOutput) -> LockError {
        archives.error(
            .apt,
            "\(image): apt gave no answer (\(output.status))",
            causes: AptMessages.complaints(output.errorText),
            hint: "run the command again; the lock was left as it is"
        )
    }

    func missing(_ name: String, _ request: AptRequest, hint: String?) -> LockError {
        if request.isRoot, Self.minimalPackages.contains(name), !request.definition.packages.contains(name) {
            return archives.error(
                .missingPackage,
                "archive \"\(archives.first.name)\" has no package \"\(name)\", which every root starts with",
                hint: "a root starts from a whole Debian-style distribution (Debian 12 or newer, Ubuntu)"
            )
        }
        return archives.error(
            .missingPackage,
            "image \"\(request.image)\": "
                + (archives.members.count == 1
                    ? "archive \(archives.names) has no" : "none of the archives \(archives.names) has a")
                + " package \"\(name)\"",
            at: PackageSpan.find(name, in: request.definition) ?? request.definition.span,
            hint: hint,
            exitStatus: .usage
        )
    }

    /// A version of an image below that neither the archive nor the store has.
    private func unlisted(_ package: String, _ version: String, _ request: AptRequest) -> LockError {
        let owner = request.below.first { $0.packages.contains { $0.name == package } }?.image
        let locked = request.pins.first { $0.name == package }
        return archives.error(
            .missingPackage,
            "archive \"\(locked?.archive ?? archives.first.name)\" no longer has \(package) \(version)"
                + (owner.map { ", which image \"\($0)\" is locked to" } ?? ""),
            at: PackageSpan.find(package, in: request.definition) ?? request.definition.span,
            hint: "run: kiln lock --update \(package)"
        )
    }

    private func sentence(_ unmet: AptMessages.UnmetDependency, _ request: AptRequest) -> String {
        let verb =
            switch unmet.relation {
            case "Depends", "PreDepends": "needs"
            case "Conflicts": "conflicts with"
            case "Breaks": "breaks"
            default: unmet.relation
            }
        let sentence = "\(unmet.package) \(verb) \(unmet.target)"
        for (image, packages) in request.below {
            if let held = packages.first(where: { $0.name == unmet.targetName }) {
                return sentence + ", but image \"\(image)\" holds \(held.name) \(held.version)"
            }
        }
        return unmet.reason.isEmpty ? sentence : sentence + ", " + unmet.reason
    }

    private func unsatisfiableHint(
        _ unmet: [AptMessages.UnmetDependency],
        _ request: AptRequest
    ) -> String {
        let below = Set(request.pins.map(\.name))
        let held = unmet.map(\.targetName).filter(below.contains)
        if let name = held.first {
            return "an image never changes what it stands on; to move it there: kiln lock --update \(name)"
        }
        return "leave one of them out, or add a suite that has what is missing"
    }

    func hint(for name: String) async throws -> String? {
        let prefix = String(name.prefix(2))
        let output = try await archives.runner.runUnchecked(
            archives.root.invocation("apt-cache", ["pkgnames", prefix])
        )
        let near = output.text.split(separator: "\n").map(String.init)
            .filter { abs($0.count - name.count) <= max(1, name.count / 3) }
            .sorted()
        if let nearest = Spelling.nearest(to: name, in: near) { return "did you mean \"\(nearest)\"?" }
        return "check the name, and whether suites: and components: of the archive cover it"
    }
}

/// Finds where a package is named in the definition.
enum PackageSpan {
    /// The first whole occurrence of the word at or after the image's `packages:` key; nil when it isn't spelled there.
    static func find(_ name: String, in image: ImageDefinition) -> SourceSpan? {
        guard image.packages.contains(name), let key = image.spans["packages"] else { return nil }
        let lines = key.source.text.split(separator: "\n", omittingEmptySubsequences: false)
        for number in key.line...max(key.line, min(lines.count, key.line + image.packages.count + 20)) {
            guard number <= lines.count else { break }
            let line = Array(lines[number - 1])
            let start = number == key.line ? key.column - 1 : 0
            if let column = column(of: Array(name), in: line, from: start) {
                return SourceSpan(source: key.source, line: number, column: column + 1, length: name.count)
            }
        }
        return key
    }

    private static func column(of word: [Character], in line: [Character], from start: Int) -> Int? {
        guard line.count >= word.count, start <= line.count - word.count else { return nil }
        func isPartOfName(_ index: Int) -> Bool {
            guard line.indices.contains(index) else { return false }
            return line[index].isLetter || line[index].isNumber || "+-.".contains(line[index])
        }
        return (start...(line.count - word.count)).first { index in
            Array(line[index..<(index + word.count)]) == word && !isPartOfName(index - 1)
                && !isPartOfName(index + word.count)
        }
    }
}
