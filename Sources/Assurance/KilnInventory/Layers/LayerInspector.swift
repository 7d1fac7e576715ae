import KilnArchive
import KilnSystem
import SystemPackage

/// Gathers what one layer, or a tree of files, says. Entries come in any order.
struct LayerInspector {
    /// A program or library that is bigger is passed over, and said to be.
    private static let largestProgram: Int64 = 2 << 30

    private(set) var facts = LayerFacts()
    private var places: [String: [Int]] = [:]
    /// Bytes that may yet be told.
    private var room = LayerFacts.longest
    private let spool: Spool
    /// What stands behind a second name that says something, while the first says nothing: those names, by the first. Only whoever
    /// reads the layer once more learns it.
    private(set) var passedOver: [String: [String]] = [:]

    /// `scratch` is for files that are too big to be kept in memory.
    init(scratch: FilePath) {
        spool = Spool(folder: scratch)
    }

    /// Takes the next entry; reads of its content what is needed.
    mutating func visit(_ entry: TarEntry, _ content: inout some ByteSource) throws {
        if let whiteout = try Whiteout(path: entry.path) {
            guard hasRoom(entry.path, for: entry.path.utf8.count + MemoryLayout<String>.stride) else {
                return
            }
            switch whiteout {
            case .removed(let path): facts.removed.append(path)
            case .opaque(let path): facts.opaque.append(path)
            }
            return
        }
        switch entry.kind {
        case .directory: facts.paths.append(entry.path, .directory, size: 0)
        case .file(let size):
            facts.paths.append(entry.path, .file, size: size)
            forget(entry.path)
            try inspect(entry.path, size, &content)
        case .hardlink(let target):
            facts.paths.append(entry.path, .file, size: 0)
            forget(entry.path)
            link(entry.path, to: target)
        case .symlink, .characterDevice, .blockDevice, .fifo:
            facts.paths.append(entry.path, .other, size: 0)
            forget(entry.path)
        }
    }

    /// Takes an entry of what was read before, of which only what was passed over is wanted.
    mutating func visitAgain(
        _ entry: TarEntry,
        _ wanted: [String: [String]],
        _ content: inout some ByteSource
    ) throws {
        guard let names = wanted[entry.path] else { return }
        switch entry.kind {
        case .file(let size):
            passedOver[entry.path] = nil
            guard let first = names.first else { return }
            try inspect(first, size, &content)
            for name in names.dropFirst() {
                if FileInterest(name) == FileInterest(first) {
                    repeatFacts(of: first, at: name)
                } else {
                    noteUnread(name, entry.path)
                }
            }
        case .hardlink(let target):
            passedOver[entry.path] = nil
            passedOver[target, default: []] += names
        default: break
        }
    }

    /// What no reading of the layer has found stands in none of its files.
    mutating func notePassedOver() {
        for (target, names) in passedOver.sorted(by: { $0.key < $1.key }) {
            for name in names { noteUnread(name, target) }
        }
        passedOver = [:]
    }

    private mutating func noteUnread(_ name: String, _ target: String) {
        note(name, "it is another name of \(target), which was not read")
    }

    mutating func note(_ path: String, _ text: String) {
        add(path, .unreadable(text))
    }

    private mutating func inspect(_ path: String, _ size: Int64, _ content: inout some ByteSource) throws {
        guard let interest = FileInterest(path) else { return try inspectProgram(path, size, &content) }
        guard size <= interest.limit else {
            return add(path, .unreadable("it has \(size) bytes, more than such a file ever has"))
        }
        try spool.fill(from: &content, limit: size)
        do throws(ReadProblem) {
            for fact in try interest.read(spool, at: path) { add(path, fact) }
        } catch {
            add(path, .unreadable(error.text))
        }
    }

    /// Programs are told by how they begin, not by their names.
    private mutating func inspectProgram(
        _ path: String,
        _ size: Int64,
        _ content: inout some ByteSource
    ) throws {
        guard size >= 64 else { return }
        let head = try Self.all(of: &content, 4)
        guard head == ElfFile.magic, !path.hasSuffix(".ko"), !path.hasSuffix(".o") else { return }
        guard size <= Self.largestProgram else {
            return add(path, .unreadable("it has \(size) bytes, more than a program that is read"))
        }
        try spool.fill(head, from: &content, limit: size)
        let packages = BinaryReader.read(spool).map { package in
            var package = package
            package.holds = [path]
            return package
        }
        if !packages.isEmpty { add(path, .packages(packages)) }
    }

    /// A second name of a file says what the first did, unless it makes something else of the file.
    private mutating func link(_ path: String, to target: String) {
        let interest = FileInterest(path)
        guard interest == nil || places[target] != nil && interest == FileInterest(target) else {
            let size = path.utf8.count + target.utf8.count + 2 * MemoryLayout<String>.stride
            if hasRoom(path, for: size) { passedOver[target, default: []].append(path) }
            return
        }
        repeatFacts(of: target, at: path)
    }

    private mutating func repeatFacts(of target: String, at path: String) {
        for place in places[target] ?? [] { add(path, facts.records[place].fact) }
    }

    private mutating func add(_ path: String, _ fact: FileRecord.Fact) {
        guard case .packages(let packages) = fact, !packages.allSatisfy(\.isPlausible) else {
            return keep(path, fact)
        }
        keep(path, .packages(packages.filter(\.isPlausible)))
        keep(path, .unreadable("it tells of packages with names or versions that none has"))
    }

    private mutating func keep(_ path: String, _ fact: FileRecord.Fact) {
        let record = FileRecord(path: path, fact: fact)
        if hasRoom(path, for: record.weight) { put(record) }
    }

    /// Whether so many bytes more can be kept; that they cannot is told once.
    private mutating func hasRoom(_ path: String, for size: Int) -> Bool {
        guard room >= 0 else { return false }
        room -= size
        guard room < 0 else { return true }
        put(FileRecord(path: path, fact: .unreadable("from here on the layer tells of more than is kept")))
        return false
    }

    private mutating func put(_ record: FileRecord) {
        places[record.path, default: []].append(facts.records.count)
        facts.records.append(record)
    }

    /// A tar may have a path twice; the last one counts.
    private mutating func forget(_ path: String) {
        guard let old = places.removeValue(forKey: path) else { return }
        for place in old { facts.records[place].fact = .packages([]) }
    }

    /// So many bytes, fewer where it ends.
    static func all(of content: inout some ByteSource, _ size: Int64) throws(ArchiveError) -> [UInt8] {
        var failure: ArchiveError?
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            do throws(ArchiveError) {
                while count < Int(size) {
                    let rest = UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[count..<Int(size)]
                    )
                    let read = try content.read(into: rest)
                    if read == 0 { break }
                    count += read
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    static func all(of content: any ByteSource, _ size: Int64) throws(ArchiveError) -> [UInt8] {
        var content = AnyByteSource(content)
        return try all(of: &content, size)
    }
}
