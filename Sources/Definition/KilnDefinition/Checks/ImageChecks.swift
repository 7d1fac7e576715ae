import KilnDiagnostics
import OrderedCollections

/// What belongs together within an image and those it stands on.
extension DefinitionChecks {
    func judgeImages(_ reading: inout Reading) {
        for (name, image) in definition.images {
            let path: FieldPath = ["images", name.description]
            if reading.isSound(path + "users") { judgeUsers(of: name, &reading) }
            if reading.isSound(path + "files") {
                judgeTargets(image.files, at: path + "files", &reading)
            }
            if reading.isSound(path + "downloads") {
                judgeDownloads(image.downloads, at: path + "downloads", &reading)
            }
            if reading.isSound(path + "ports") { judgePorts(of: image, at: path + "ports", &reading) }
            if reading.isSound(path + "state") { judgeState(of: image, at: path + "state", &reading) }
            if reading.isSound(path + "steps") { judgeSteps(of: image, at: path + "steps", &reading) }
            judgeFilesAgainstState(of: name, &reading)
        }
    }

    /// Users of the image against each other, and against those of the images below it.
    private func judgeUsers(of name: ImageName, _ reading: inout Reading) {
        let chain = definition.chain(of: name).filter {
            reading.isSound(["images", $0.description, "users"])
        }
        var names: [(value: String, path: FieldPath)] = []
        var numbers: [(value: UInt32, path: FieldPath)] = []
        var seenBelow = (names: Set<String>(), numbers: Set<UInt32>())
        for image in chain {
            for (index, user) in (definition.images[image]?.users ?? []).enumerated() {
                let path: FieldPath = ["images", image.description, "users", String(index)]
                // What clashes below was told there.
                guard
                    image == name
                        || (seenBelow.names.insert(user.name).inserted
                            && seenBelow.numbers.insert(user.uid).inserted)
                else { continue }
                names.append((user.name, path + "name"))
                numbers.append((user.uid, path + "uid"))
            }
        }
        for (user, path) in names where user == "root" && path.steps[1] == name.description {
            reading.report("duplicate-user", "every image has the user \"\(user)\"", at: reading.span(path))
        }
        reportRepeated(names, "duplicate-user", &reading) { "the user \"\($0)\" is there already" }
        reportRepeated(numbers, "duplicate-user", hint: "give each user a number of its own", &reading) {
            "the user id \($0) is taken"
        }
    }

    func judgeTargets(_ files: [FileDefinition], at path: FieldPath, _ reading: inout Reading) {
        let targets = files.enumerated().map { index, file in
            (value: file.target, path: path + index + "target")
        }
        // What meets on one platform often meets on the others too, and is told once.
        let groups = meeting(files.map(\.platforms)).map { group in group.map { targets[$0] } }
        guard let group = groups.first(where: { Set($0.map(\.value)).count < $0.count }) else { return }
        reportRepeated(group, "duplicate-target", hint: "keep one of the two", &reading) {
            "two files go to \($0)"
        }
    }

    private func judgePorts(of image: ImageDefinition, at path: FieldPath, _ reading: inout Reading) {
        let numbers = image.ports.map { (value: $0.value, path: path + $0.key.description) }
        reportRepeated(numbers, "duplicate-port", hint: "one name for a port is enough", &reading) {
            "the port \($0) has two names"
        }
    }

    private func judgeState(of image: ImageDefinition, at path: FieldPath, _ reading: inout Reading) {
        let paths = image.state.enumerated().map { (value: $1.path, path: path + $0 + "path") }
        reportRepeated(paths, "duplicate-state", hint: "keep one of the two", &reading) {
            "\($0) is state twice"
        }
        let volumes = image.state.enumerated().compactMap {
            index,
            state -> (value: String, path: FieldPath)? in
            guard case .volume(let name, _) = state.kind else { return nil }
            return (name, path + index + "volume")
        }
        reportRepeated(volumes, "duplicate-volume", hint: "give each path a volume of its own", &reading) {
            "the volume \"\($0)\" is at two paths"
        }
        let places = Dictionary(paths.map { ($0.value, $0.path) }) { first, _ in first }
        for (inner, place) in paths {
            judgeReserved(inner, at: place, &reading)
            guard let outer = ImagePath.upwards(from: inner).dropFirst().first(where: { places[$0] != nil }),
                let above = places[outer], outer != "/"
            else { continue }
            reading.report(
                "nested-state",
                "\(inner) lies below \(outer), which is state too",
                at: reading.span(place),
                hint: "the outer one is enough, or put them side by side",
                notes: reading.note("the outer one is here", at: above)
            )
        }
    }

    /// The whole root, and what the kernel shows as files.
    private func judgeReserved(_ state: String, at path: FieldPath, _ reading: inout Reading) {
        let isReserved =
            state == "/" || ["/proc", "/sys", "/dev"].contains { ImagePath.isAtOrBelow(state, $0) }
        guard isReserved else { return }
        reading.report(
            "bad-path",
            "\(state) cannot be state",
            at: reading.span(path),
            hint: state == "/"
                ? "name the folders that are written, such as /var/lib/shop" : "it belongs to the kernel"
        )
    }

    /// A volume or tmpfs hides what files and downloads put at its path. Each pair is told at the image that brings it about.
    private func judgeFilesAgainstState(of name: ImageName, _ reading: inout Reading) {
        let chain = definition.chain(of: name)
        guard let states = StateOwner(of: name, in: definition, reading),
            isSound("state", inChainOf: name, reading), isSound("files", inChainOf: name, reading)
        else { return }
        for owner in chain where owner == name || states.owner == name {
            let image = definition.images[owner]
            let path: FieldPath = ["images", owner.description]
            reportHidden((image?.files ?? []).map(\.target), at: path + "files", by: states, &reading)
            guard isSound("downloads", inChainOf: name, reading) else { continue }
            reportHidden((image?.downloads ?? []).map(\.target), at: path + "downloads", by: states, &reading)
        }
    }

    /// `targets` are those of a list of files, in its order.
    func reportHidden(
        _ targets: [String],
        at path: FieldPath,
        by states: StateOwner,
        _ reading: inout Reading
    ) {
        for (index, target) in targets.enumerated() {
            let above = ImagePath.upwards(from: target)
            guard let state = above.first(where: { states.indexes[$0] != nil }),
                let place = states.indexes[state]
            else { continue }
            reading.report(
                "hidden-file",
                "\(target) would never be seen: \(state) is state",
                at: reading.span(path + index + "target"),
                hint: "put the file elsewhere, and let the program copy it at its start when it is missing",
                notes: reading.note(
                    "the state is here",
                    at: ["images", states.owner.description, "state", String(place), "path"]
                )
            )
        }
    }
}

/// The state paths that an instance of an image has, and the image of its chain that names them.
struct StateOwner {
    let owner: ImageName
    /// Positions in the owner's list, by path.
    let indexes: [String: Int]

    init?(of image: ImageName, in definition: Definition, _ reading: Reading) {
        let owner = definition.chain(of: image).last {
            reading.isWritten(["images", $0.description, "state"])
        }
        guard let owner, let states = definition.images[owner]?.state, !states.isEmpty else { return nil }
        self.owner = owner
        indexes = Dictionary(states.enumerated().map { ($1.path, $0) }) { first, _ in first }
    }
}
