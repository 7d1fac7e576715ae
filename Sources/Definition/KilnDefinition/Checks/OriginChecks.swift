import KilnDiagnostics
import OrderedCollections

/// What images stand on.
extension DefinitionChecks {
    func judgeOrigins(_ reading: inout Reading) {
        var settled: Set<ImageName> = []
        for (name, image) in definition.images where reading.isSound(path(of: name) + "from") {
            switch image.origin {
            case .archive(let archive): judgeArchive(archive, of: name, &reading)
            case .image(let parent): judgeParent(parent, of: name, &settled, &reading)
            case .oci, .tar, .scratch: break
            }
            judgePackages(of: image, name, &reading)
            judgePlatforms(of: image, name, &reading)
        }
    }

    private func path(of name: ImageName) -> FieldPath { ["images", name.description] }

    private func judgeArchive(_ archive: ArchiveName, of name: ImageName, _ reading: inout Reading) {
        let names = reading.names(at: ["archives"])
        guard !names.contains(archive.description), reading.isUsable(["archives"]) else { return }
        reportUnknown(
            "archive",
            archive.description,
            among: names,
            at: reading.span(path(of: name) + "from"),
            &reading
        )
    }

    private func judgeParent(
        _ parent: ImageName,
        of name: ImageName,
        _ settled: inout Set<ImageName>,
        _ reading: inout Reading
    ) {
        let names = reading.names(at: ["images"])
        guard names.contains(parent.description) else {
            let others = names.filter { $0 != name.description }
            reportUnknown(
                "image",
                parent.description,
                among: others,
                at: reading.span(path(of: name) + "from"),
                &reading
            )
            return
        }
        judgeDepth(of: name, &reading)
        guard let circle = circle(from: name, &settled) else { return }
        let first = circle[0]
        let steps = (circle.prefix(8) + [first]).map { "\"\($0)\"" }.joined(separator: " on ")
        reading.report(
            "circle",
            circle.count == 1 ? "the image stands on itself" : "images stand on each other: \(steps)",
            at: reading.span(path(of: first) + "from"),
            hint: "one of them must stand on an archive, an image of a registry, a tar file or scratch",
            notes: circle.dropFirst().prefix(7).flatMap {
                reading.note("\"\($0)\" does here", at: path(of: $0) + "from")
            }
        )
    }

    /// The images from this one down to itself, when it stands on itself. Images that were looked at are settled, and
    /// not looked at again.
    private func circle(from name: ImageName, _ settled: inout Set<ImageName>) -> [ImageName]? {
        var steps: [ImageName] = []
        var next: ImageName? = name
        while let current = next, settled.insert(current).inserted {
            steps.append(current)
            next = definition.images[current]?.parent
        }
        guard let last = next, let start = steps.firstIndex(of: last) else { return nil }
        return Array(steps[start...])
    }

    private func judgeDepth(of name: ImageName, _ reading: inout Reading) {
        let chain = definition.chain(of: name)
        // Told at the first image that is too much, not at all above it as well.
        guard chain.count == Definition.chainLimit + 1,
            chain.first.flatMap({ definition.images[$0]?.parent }) == nil
        else { return }
        reading.report(
            "deep-chain",
            "more than \(Definition.chainLimit) images stand on each other",
            at: reading.span(path(of: name) + "from"),
            hint: "put what changes together into one image"
        )
    }

    private func judgePackages(of image: ImageDefinition, _ name: ImageName, _ reading: inout Reading) {
        guard !image.packages.isEmpty, isSound("from", inChainOf: name, reading),
            definition.archive(of: name) == nil, let root = definition.chain(of: name).first
        else { return }
        let bottom = definition.images[root]?.origin.text ?? ""
        reading.report(
            "no-archive",
            "packages need an archive, but the image stands on \(bottom)",
            at: reading.keySpan(path(of: name) + "packages"),
            hint: "stand on archive:NAME, or bring what is needed with files",
            notes: root == name ? [] : reading.note("the chain starts here", at: path(of: root) + "from")
        )
    }
}
