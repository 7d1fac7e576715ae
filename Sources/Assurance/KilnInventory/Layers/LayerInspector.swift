import KilnArchive
import KilnSystem

/// Gathers what one layer, or a tree of files, says. Entries come in any order.
struct LayerInspector {
    private(set) var facts = LayerFacts()
    private var places: [String: [Int]] = [:]

    /// Takes the next entry; reads of its content what is needed.
    mutating func visit(_ entry: TarEntry, _ content: inout some ByteSource) throws {
        if let whiteout = try Whiteout(path: entry.path) {
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
            try link(entry.path, to: target)
        case .symlink, .characterDevice, .blockDevice, .fifo:
            facts.paths.append(entry.path, .other, size: 0)
            forget(entry.path)
        }
    }

    mutating func note(_ path: String, _ text: String) {
        add(path, .unreadable(text))
    }

    private mutating func inspect(_ path: String, _ size: Int64, _ content: inout some ByteSource) throws {
        guard let interest = FileInterest(path) else { return }
        guard size <= interest.limit else {
            return add(path, .unreadable("it has \(size) bytes, more than such a file ever has"))
        }
        add(path, interest.read(try Self.all(of: &content, size)))
    }

    /// A second name of a file says what the first did, if its own path is one that is read.
    private mutating func link(_ path: String, to target: String) throws {
        guard FileInterest(path) != nil else { return }
        for place in places[target] ?? [] { add(path, facts.records[place].fact) }
    }

    private mutating func add(_ path: String, _ fact: FileRecord.Fact) {
        places[path, default: []].append(facts.records.count)
        facts.records.append(FileRecord(path: path, fact: fact))
    }

    /// A tar may have a path twice; the last one counts.
    private mutating func forget(_ path: String) {
        guard let old = places.removeValue(forKey: path) else { return }
        for place in old { facts.records[place].fact = .packages([]) }
    }

    private static func all(of content: inout some ByteSource, _ size: Int64) throws -> [UInt8] {
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
}
