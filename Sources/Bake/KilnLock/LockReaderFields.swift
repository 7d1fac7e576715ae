import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnRegistry

/// What is known so far of the image that is being read.
struct LockedImageFields {
    static let keys = ["request", "epoch", "asked", "tar", "base", "downloads", "packages"]

    var request: Digest?
    var epoch: Int64?
    var asked: [String]?
    var tar: LockedTar?
    var base: LockedBase?
    var packages: [LockedPackage] = []
    var downloads: [LockedDownload] = []
    private var seen: Set<String> = []

    /// Reads what stands after `key:`; the lines below `packages:` and `downloads:` are the caller's.
    mutating func read(_ key: LockValue, from line: inout LockLine) throws(LockError) {
        guard Self.keys.contains(key.text) else {
            let hint = Spelling.hint(for: key.text, in: Self.keys)
            throw line.error("unknown key \"\(key.text)\"", at: key, hint: hint)
        }
        guard seen.insert(key.text).inserted else {
            throw line.error("\"\(key.text)\" is there twice", at: key)
        }
        switch key.text {
        case "request": request = try line.digest()
        case "epoch": epoch = try line.integer(in: 0...LockReader.Limit.epoch)
        case "asked": asked = try line.flowList()
        case "tar": tar = try LockedTar(reading: &line)
        case "base": base = try LockedBase(reading: &line)
        default: try line.expectEnd()
        }
    }
}

extension LockLine {
    /// ` value`, to the end of the line.
    mutating func value() throws(LockError) -> LockValue {
        try expect(" ")
        let value = try scalar(until: " ")
        try expectEnd()
        return value
    }

    mutating func digest() throws(LockError) -> Digest {
        let value = try value()
        guard let digest = try? Digest(parsing: value.text) else {
            throw error("expected \"sha256:\" and 64 lower-case hex digits", at: value)
        }
        return digest
    }

    mutating func integer(in range: ClosedRange<Int64>) throws(LockError) -> Int64 {
        let value = try value()
        return try integer(value, in: range)
    }

    func integer(_ value: LockValue, in range: ClosedRange<Int64>) throws(LockError) -> Int64 {
        guard let number = Int64(value.text), range.contains(number), String(number) == value.text else {
            throw error("expected a whole number from \(range.lowerBound) to \(range.upperBound)", at: value)
        }
        return number
    }

    /// ` [a, b]`, to the end of the line.
    mutating func flowList() throws(LockError) -> [String] {
        try expect(" [")
        var items: [String] = []
        repeat {
            items.append(try scalar(until: ",]").text)
        } while take(", ")
        try expect("]")
        try expectEnd()
        return items
    }

    /// `{key: value, …}` with exactly these keys in this order, to the end of the line.
    mutating func flowMap(_ keys: [String]) throws(LockError) -> [LockValue] {
        try expect("{")
        var values: [LockValue] = []
        for (offset, wanted) in keys.enumerated() {
            if offset > 0 { try expect(", ") }
            let key = try key()
            guard key.text == wanted else {
                let hint = keys.contains(key.text) ? nil : Spelling.hint(for: key.text, in: keys)
                throw error("expected \"\(wanted):\"", at: key, hint: hint)
            }
            try expect(" ")
            values.append(try scalar(until: ",}"))
        }
        try expect("}")
        try expectEnd()
        return values
    }

    func check(_ value: LockValue, _ isValid: (String) -> Bool, _ what: String) throws(LockError) -> String {
        guard isValid(value.text) else { throw error("\"\(value.text)\" is no \(what)", at: value) }
        return value.text
    }

    func hexDigest(_ value: LockValue) throws(LockError) -> Digest {
        guard let digest = try? Digest(parsingHex: value.text) else {
            throw error("expected 64 lower-case hex digits", at: value)
        }
        return digest
    }
}

extension LockedPackage {
    private static let keys = ["package", "version", "arch", "archive", "path", "size", "sha256"]

    init(reading line: inout LockLine) throws(LockError) {
        let values = try line.flowMap(Self.keys)
        guard let archive = try? ArchiveName(parsing: values[3].text) else {
            throw line.error("\"\(values[3].text)\" is no archive name", at: values[3])
        }
        self.init(
            name: try line.check(values[0], PackageSyntax.isName, "package name"),
            version: try line.check(values[1], PackageSyntax.isVersion, "package version"),
            architecture: try line.check(values[2], PackageSyntax.isArchitecture, "architecture"),
            archive: archive,
            path: try line.check(values[4], PackageSyntax.isPoolPath, "path below an archive"),
            size: try line.integer(values[5], in: 1...LockReader.Limit.fileSize),
            sha256: try line.hexDigest(values[6])
        )
    }
}

extension LockedTar {
    init(reading line: inout LockLine) throws(LockError) {
        try line.expect(" ")
        let values = try line.flowMap(["path", "size", "sha256"])
        self.init(
            path: try line.check(values[0], { !$0.isEmpty && !$0.utf8.contains(0) }, "path"),
            size: try line.integer(values[1], in: 0...LockReader.Limit.fileSize),
            sha256: try line.hexDigest(values[2])
        )
    }
}

extension LockedBase {
    init(reading line: inout LockLine) throws(LockError) {
        try line.expect(" ")
        let values = try line.flowMap(["image", "index", "digest", "size"])
        guard let image = try? ImageReference(parsing: values[0].text) else {
            throw line.error("\"\(values[0].text)\" is no image of a registry", at: values[0])
        }
        self.init(
            image: image,
            index: try line.hexDigest(values[1]),
            digest: try line.hexDigest(values[2]),
            size: try line.integer(values[3], in: 1...RegistryClient.manifestLimit)
        )
    }
}
