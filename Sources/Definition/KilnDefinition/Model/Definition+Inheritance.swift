import OrderedCollections

/// How images build on one another.
extension Definition {
    /// How many images may stand on each other. Each becomes a layer or two of one mount, whose options hold some 40.
    package static let chainLimit = 32

    /// The image and those it stands on, the one at the bottom first. Ends where a name is unknown or comes up again,
    /// and past `chainLimit`, which no definition that was read exceeds.
    package func chain(of name: ImageName) -> [ImageName] {
        var chain: [ImageName] = []
        var next: ImageName? = name
        while let current = next, let image = images[current], chain.count <= Self.chainLimit,
            !chain.contains(current)
        {
            chain.append(current)
            next = image.parent
        }
        return chain.reversed()
    }

    /// The image with what it takes from those it stands on: how it runs. What it adds to them (packages, users,
    /// files, steps) stays its own. An unknown name gives an empty image.
    package func resolvedImage(_ name: ImageName) -> ImageDefinition {
        var chain = chain(of: name).compactMap { images[$0] }
        guard var image = chain.popLast() else { return ImageDefinition(origin: .scratch) }
        while let parent = chain.popLast() { image.inherit(from: parent) }
        return image
    }

    /// Whether an image of a registry lies at the bottom of the chain: what it brings is not written in the definition.
    package func standsOnRegistry(_ name: ImageName) -> Bool {
        guard let root = chain(of: name).first, case .oci = images[root]?.origin else { return false }
        return true
    }

    /// The archive at the bottom of the image's chain.
    package func archive(of name: ImageName) -> ArchiveName? {
        guard let root = chain(of: name).first, case .archive(let archive) = images[root]?.origin else {
            return nil
        }
        return archive
    }
}

extension ImageDefinition {
    /// The image that this one stands on.
    package var parent: ImageName? {
        if case .image(let name) = origin { name } else { nil }
    }

    /// The port that a balancer leads to: `http`, or the only one.
    package var trafficPort: (name: PortName, number: UInt16)? {
        let entry =
            ports.elements.first { $0.key == "http" } ?? (ports.count == 1 ? ports.elements.first : nil)
        return entry.map { ($0.key, $0.value) }
    }

    /// Whether this image itself says so, not one that it stands on. `spans` knows for what was read from a file;
    /// what was made otherwise says something when it says more than nothing.
    func says(_ key: String, _ value: Bool) -> Bool {
        spans[key] != nil || value
    }

    /// Takes over how the parent runs where this image does not say so itself.
    package mutating func inherit(from parent: ImageDefinition) {
        env = parent.env.merging(env) { _, own in own }
        profile = profile ?? parent.profile
        gate = gate ?? parent.gate
        if !says("hardening", hardening != HardeningDefinition()) { hardening = parent.hardening }
        if !says("entrypoint", !entrypoint.isEmpty) { entrypoint = parent.entrypoint }
        if !says("workdir", workingDirectory != nil) { workingDirectory = parent.workingDirectory }
        if !says("user", user != nil) { user = parent.user }
        if !says("ports", !ports.isEmpty) { ports = parent.ports }
        if !says("health", health != nil) { health = parent.health }
        if !says("state", !state.isEmpty) { state = parent.state }
        if !says("checks", !checks.isEmpty) { checks = parent.checks }
        if !says("stop", stop != StopDefinition()) { stop = parent.stop }
        // What the parent said is now said here, whatever stands below it says.
        for key in Self.inherited where spans[key] == nil { spans[key] = parent.spans[key] }
    }

    private static let inherited = [
        "hardening", "entrypoint", "workdir", "user", "ports", "health", "state", "stop", "checks",
    ]
}
