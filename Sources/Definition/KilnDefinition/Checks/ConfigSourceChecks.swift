import KilnDiagnostics

/// What is taken from stores, and where it goes.
extension DefinitionChecks {
    func judgeSources(of fleet: FleetDefinition, at path: FieldPath, _ reading: inout Reading) {
        guard reading.isSound(path + "from"), reading.isSound(path + "files") else { return }
        let files = fleet.config.files.enumerated().map { index, file in
            (value: file.target, path: path + "files" + index + "target")
        }
        let targets = fleet.config.sources.enumerated().compactMap { index, source in
            source.target.isEmpty ? nil : (value: source.target, path: path + "from" + index + "target")
        }
        // Files that meet one another are told elsewhere.
        if Set(files.map(\.value)).count == files.count {
            reportRepeated(files + targets, "duplicate-target", hint: "keep one of the two", &reading) {
                "two files go to \($0)"
            }
        }
        for (index, source) in fleet.config.sources.enumerated() {
            judge(source, at: path + "from" + index, &reading)
        }
        guard let states = StateOwner(of: fleet.image, in: definition, reading),
            isSound("state", inChainOf: fleet.image, reading)
        else { return }
        for (index, source) in fleet.config.sources.enumerated() where !source.target.isEmpty {
            guard
                let state = ImagePath.upwards(from: source.target).first(where: { states.indexes[$0] != nil })
            else { continue }
            reading.report(
                "hidden-file",
                "\(source.target) would never be seen: \(state) is state",
                at: reading.span(path + "from" + index + "target"),
                hint: "put the file elsewhere, and let the program copy it at its start when it is missing"
            )
        }
    }

    private func judge(_ source: ConfigSource, at path: FieldPath, _ reading: inout Reading) {
        if reading.isWritten(path + "prefix"), reading.isWritten(path + "key") {
            reading.report(
                "too-many-keys",
                "only one of prefix, key can be here",
                at: reading.span(path + "key"),
                hint: "a prefix gives variables, a key one file: write a source for each"
            )
        } else if case .etcd = source.store, source.use == .variables(prefix: "") {
            reading.report(
                "missing-key",
                "what to take from the server is not said",
                at: reading.span(path + "etcd"),
                hint: "add a prefix, such as prefix: /shop/, or a key and its target"
            )
        } else if case .own = source.store, case .file(let key) = source.use,
            (try? ConfigName.key(key)) == nil
        {
            reading.report(
                "bad-config-key",
                "\"\(ShownText.line(key))\" is no key of the configuration store",
                at: reading.span(path + "key"),
                hint: "letters, digits, ., _ and -, such as app.conf"
            )
        }
    }
}
