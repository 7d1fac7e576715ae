import KilnAdvisories

/// The bytes of what a layer says: numbers in sevens of bits, texts by their lengths, the same for the same facts.
extension LayerFacts {
    func encode() -> [UInt8] {
        var out = FactsWriter()
        out.texts(removed)
        out.texts(opaque)
        out.number(UInt64(paths.dropped))
        out.bytes(paths.bytes)
        out.number(UInt64(records.count))
        for record in records {
            out.text(record.path)
            out.fact(record.fact)
        }
        return out.bytes
    }

    /// nil for bytes that are not whole.
    init?(parsing bytes: ArraySlice<UInt8>) {
        var reader = FactsReader(cursor: VarintCursor(bytes))
        guard let removed = reader.texts(), let opaque = reader.texts(), let dropped = reader.count(),
            let listed = reader.bytes(), let paths = PathList(bytes: Array(listed), dropped: dropped),
            let count = reader.count()
        else { return nil }
        self.removed = removed
        self.opaque = opaque
        self.paths = paths
        for _ in 0..<count {
            guard let path = reader.text(), let fact = reader.fact() else { return nil }
            records.append(FileRecord(path: path, fact: fact))
        }
        guard reader.cursor.isAtEnd else { return nil }
    }
}

extension FactsWriter {
    fileprivate mutating func fact(_ fact: FileRecord.Fact) {
        switch fact {
        case .packages(let packages):
            number(0)
            number(UInt64(packages.count))
            for package in packages { self.package(package) }
        case .distribution(let distribution):
            number(1)
            self.distribution(distribution)
        case .licences(let package, let names):
            number(2)
            text(package)
            texts(names)
        case .files(let package, let files):
            number(3)
            text(package)
            texts(files)
        case .unreadable(let why):
            number(4)
            text(why)
        }
    }

    fileprivate mutating func package(_ package: FoundPackage) {
        text(package.kind.rawValue)
        text(package.name)
        text(package.version)
        text(package.source)
        text(package.sourceVersion)
        text(package.architecture)
        texts(package.licences)
        text(package.inside)
        texts(package.holds)
    }
}

extension FactsReader {
    fileprivate mutating func fact() -> FileRecord.Fact? {
        switch cursor.varint() {
        case 0:
            guard let count = count() else { return nil }
            var packages: [FoundPackage] = []
            for _ in 0..<count {
                guard let package = package() else { return nil }
                packages.append(package)
            }
            return .packages(packages)
        case 1: return distribution().map { .distribution($0) }
        case 2:
            guard let package = text(), let names = texts() else { return nil }
            return .licences(package: package, names)
        case 3:
            guard let package = text(), let files = texts() else { return nil }
            return .files(package: package, files)
        case 4: return text().map { .unreadable($0) }
        default: return nil
        }
    }

    fileprivate mutating func package() -> FoundPackage? {
        guard let kind = text().flatMap(PackageKind.init(rawValue:)), let name = text(), let version = text(),
            let source = optionalText(), let sourceVersion = optionalText(),
            let architecture = optionalText(), let licences = texts(), let inside = text(),
            let holds = texts()
        else { return nil }
        var package = FoundPackage(kind, name, version)
        package.source = source
        package.sourceVersion = sourceVersion
        package.architecture = architecture
        package.licences = licences
        package.inside = inside
        package.holds = holds
        return package
    }
}
