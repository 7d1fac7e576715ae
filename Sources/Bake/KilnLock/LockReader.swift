import KilnDefinition
import KilnDiagnostics
import KilnOCI
import OrderedCollections

/// Reads the lock's layout line by line.
///
/// By hand, and not through a YAML library: a lock of 400 packages is read on every command, and only the layout that
/// `LockFile.render` writes is a lock.
struct LockReader {
    enum Limit {
        static let bytes = 16 << 20
        static let images = 1000
        static let packages = 20_000
        static let downloads = 1000
        /// No file that is named in a lock is larger.
        static let fileSize: Int64 = 1 << 40
        /// The end of the year 9999.
        static let epoch: Int64 = 253_402_300_799
    }

    static let layoutHint =
        "a lock is read only as kiln wrote it: undo the edit, or delete the file and run: kiln lock"

    private let source: SourceText
    private var lines: [LockLine]
    private var index = 0

    init(_ source: SourceText) throws(LockError) {
        self.source = source
        guard source.text.utf8.count <= Limit.bytes else {
            throw LockError(
                .syntax,
                "\(source.name) has more than \(Limit.bytes >> 20) MiB: it is no lock",
                hint: Self.layoutHint,
                exitStatus: .usage
            )
        }
        let bytes = Array(source.text.utf8)
        lines = []
        for (offset, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let content = line.last == 0x0D ? line.dropLast() : line
            try append(LockLine(source: source, number: offset + 1, bytes: content))
        }
    }

    private mutating func append(_ line: LockLine) throws(LockError) {
        let markers: [StaticString] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"]
        var probe = line
        if markers.contains(where: { probe.take($0) }) { throw conflict(line) }
        if !line.isBlankOrComment { lines.append(line) }
    }

    private func conflict(_ line: LockLine) -> LockError {
        LockError(
            .conflict,
            "\(source.name) holds an unfinished merge",
            at: line.span(from: line.bytes.startIndex, to: line.bytes.endIndex),
            hint:
                "take one side whole (git checkout --ours \(source.name), or --theirs), then run: kiln lock",
            exitStatus: .usage
        )
    }

    mutating func read() throws(LockError) -> Lock {
        try readVersion()
        var line = try field("encoder", indent: 0)
        let encoder = try line.value()
        var lock = Lock(encoder: EncoderName(encoder.text))
        lock.behaviours = try readBehaviours()
        line = try field("images", indent: 0)
        if line.take(" {}") {
            try line.expectEnd()
        } else {
            try line.expectEnd()
            while var head = nextLine(), head.indent == 2 {
                let (name, span) = try imageName(&head)
                guard lock.images[name] == nil else {
                    throw head.error("the image \"\(name)\" is there twice", at: span)
                }
                guard lock.images.count < Limit.images else {
                    throw head.error("more than \(Limit.images) images")
                }
                lock.images[name] = try readImage(head)
            }
        }
        if let rest = nextLine() { throw unexpected(rest) }
        return lock
    }

    /// Older locks have no such line.
    private mutating func readBehaviours() throws(LockError) -> [BehaviourVersion] {
        guard var probe = nextLine(), probe.take("behaviour:") else { return [] }
        var line = try field("behaviour", indent: 0)
        let start = line.position
        var found: [BehaviourVersion] = []
        for text in try line.flowList() {
            guard let behaviour = BehaviourVersion(parsing: text) else {
                throw line.error("\"\(text)\" is no name and version", from: start, to: line.bytes.endIndex)
            }
            guard !found.contains(where: { $0.name == behaviour.name }) else {
                throw line.error("\"\(behaviour.name)\" is there twice", from: start, to: line.bytes.endIndex)
            }
            found.append(behaviour)
        }
        return found
    }

    private mutating func readVersion() throws(LockError) {
        var line = try field("lock", indent: 0)
        let value = try line.value()
        guard value.text != String(LockFile.formatVersion) else { return }
        let isNewer = Int(value.text).map { $0 > LockFile.formatVersion } ?? false
        throw LockError(
            .version,
            isNewer
                ? "\(source.name) has format \(value.text): a newer kiln wrote it"
                : "\"\(value.text)\" is no format of a lock",
            at: line.span(from: value.start, to: value.end),
            hint: isNewer ? "install a kiln that is at least as new" : Self.layoutHint,
            exitStatus: .usage
        )
    }

    /// The next line, which must be `name:` at the indent; the position is after the colon.
    private mutating func field(_ name: String, indent: Int) throws(LockError) -> LockLine {
        guard var line = nextLine() else {
            let last = lines.last ?? LockLine(source: source, number: 1, bytes: [])
            throw last.error("\"\(name):\" is missing", from: last.bytes.endIndex)
        }
        guard line.indent == indent else { throw unexpected(line) }
        line.position += indent
        let key = try line.key()
        guard key.text == name else { throw line.error("expected \"\(name):\"", at: key) }
        index += 1
        return line
    }

    private func nextLine() -> LockLine? {
        index < lines.count ? lines[index] : nil
    }

    private func unexpected(_ line: LockLine) -> LockError {
        let start = line.bytes.startIndex + line.indent
        return line.error("unexpected line", from: start, to: line.bytes.endIndex)
    }

    private mutating func imageName(_ line: inout LockLine) throws(LockError) -> (ImageName, LockValue) {
        line.position += 2
        let key = line.next == 0x22 ? try line.scalar(until: ":") : try line.key()
        if line.bytes[line.position - 1] == 0x22 { try line.expect(":") }
        try line.expectEnd()
        guard let name = try? ImageName(parsingWithPlatform: key.text) else {
            throw line.error("\"\(key.text)\" is no image name", at: key)
        }
        index += 1
        return (name, key)
    }

    private mutating func readImage(_ head: LockLine) throws(LockError) -> LockedImage {
        var fields = LockedImageFields()
        while var line = nextLine(), line.indent == 4 {
            line.position += 4
            let key = try line.key()
            index += 1
            try fields.read(key, from: &line)
            if key.text == "packages" { try readPackages(&fields) }
            if key.text == "downloads" { try readDownloads(&fields) }
        }
        guard let request = fields.request, let epoch = fields.epoch else {
            let missing = fields.request == nil ? "request" : "epoch"
            throw head.error("\"\(missing):\" is missing in this image", from: head.bytes.startIndex + 2)
        }
        return LockedImage(
            request: request,
            asked: fields.asked ?? [],
            epoch: epoch,
            packages: fields.packages,
            tar: fields.tar,
            base: fields.base,
            downloads: fields.downloads
        )
    }

    private mutating func readDownloads(_ fields: inout LockedImageFields) throws(LockError) {
        while var line = nextLine(), line.indent == 6 {
            line.position += 6
            try line.expect("- ")
            let download = try LockedDownload(reading: &line)
            if let last = fields.downloads.last, !LockedDownload.precedes(last, download) {
                let start = line.bytes.startIndex + 8
                let message =
                    last.url == download.url ? "\(last.url) is there twice" : "this stands after \(last.url)"
                throw line.error(message, from: start, to: line.bytes.endIndex)
            }
            guard fields.downloads.count < Limit.downloads else {
                throw line.error("more than \(Limit.downloads) downloads")
            }
            fields.downloads.append(download)
            index += 1
        }
    }

    private mutating func readPackages(_ fields: inout LockedImageFields) throws(LockError) {
        while var line = nextLine(), line.indent == 6 {
            line.position += 6
            try line.expect("- ")
            let package = try LockedPackage(reading: &line)
            if let last = fields.packages.last, !LockedPackage.precedes(last, package) {
                let start = line.bytes.startIndex + 8
                throw line.error(
                    last.name == package.name && last.architecture == package.architecture
                        ? "\(package.name) (\(package.architecture)) is there twice"
                        : "\(package.name) stands after \(last.name)",
                    from: start,
                    to: line.bytes.endIndex
                )
            }
            guard fields.packages.count < Limit.packages else {
                throw line.error("more than \(Limit.packages) packages")
            }
            fields.packages.append(package)
            index += 1
        }
    }
}
