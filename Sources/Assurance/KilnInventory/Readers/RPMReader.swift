import KilnArchive

/// rpm's database in any of its forms (SQLite; Berkeley DB up to RHEL 8; SUSE's slots): a header for each package, as the
/// package itself has one (rpm.org, "Package Header").
enum RPMReader {
    private static let longestHeader: Int64 = 16 << 20

    static func read(_ content: some RandomBytes) throws(ReadProblem) -> [FileRecord.Fact] {
        var packages: [FoundPackage] = []
        var files: [FileRecord.Fact] = []
        var names = FileNames()
        try headers(of: content) { blob throws(ReadProblem) in
            let header = try RPMHeader(blob)
            guard let package = header.package else { return }
            try packages.add(package)
            try header.files(into: &names)
            files.append(.files(package: package.name, names.take()))
        }
        return [.packages(packages)] + files
    }

    private static func headers(
        of content: some RandomBytes,
        _ body: ([UInt8]) throws(ReadProblem) -> Void
    ) throws(ReadProblem) {
        if let hash = try BerkeleyHash(content) {
            try hash.values(limit: longestHeader, body)
        } else if let slots = try RPMSlots(content) {
            try slots.blobs(limit: longestHeader, body)
        } else {
            var table = try SQLiteTable(content)
            try table.rows(of: "Packages", limit: longestHeader) { row throws(ReadProblem) in
                guard row.count >= 2, let blob = row[1]?.bytes else { return }
                try body(blob)
            }
        }
    }
}

/// The tags of one package.
private struct RPMHeader {
    private enum Tag: Int {
        case name = 1000
        case version = 1001
        case release = 1002
        case epoch = 1003
        case licence = 1014
        case architecture = 1022
        case sourcePackage = 1044
        case folderIndexes = 1116
        case baseNames = 1117
        case folderNames = 1118
    }

    private struct Entry {
        let type: Int
        let offset: Int
        let count: Int
    }

    private var entries: [Int: Entry] = [:]
    private let data: ArraySlice<UInt8>

    /// Two counts, so many entries of 16 bytes, and the data that they point into; all numbers big-endian.
    init(_ bytes: [UInt8]) throws(ReadProblem) {
        let (count, length) = (Self.number(bytes, 0), Self.number(bytes, 4))
        guard bytes.count >= 8, count <= (bytes.count - 8) / 16, length <= bytes.count - 8 - 16 * count else {
            throw ReadProblem("a package's header is damaged")
        }
        data = bytes[(8 + 16 * count)..<(8 + 16 * count + length)]
        for place in 0..<count {
            let row = 8 + 16 * place
            entries[Self.number(bytes, row)] = Entry(
                type: Self.number(bytes, row + 4),
                offset: Self.number(bytes, row + 8),
                count: Self.number(bytes, row + 12)
            )
        }
    }

    /// nil for a key, which is kept among the packages.
    var package: FoundPackage? {
        guard let name = text(.name), let version = text(.version), let release = text(.release),
            name != "gpg-pubkey"
        else { return nil }
        let epoch = numbers(.epoch).first.flatMap { $0 == 0 ? nil : $0 }
        let prefix = epoch.map { "\($0):" } ?? ""
        var package = FoundPackage(.rpm, name, "\(prefix)\(version)-\(release)")
        package.architecture = text(.architecture)
        if let licence = text(.licence), !licence.isEmpty { package.licences = [licence] }
        if let source = text(.sourcePackage) { readSource(source, prefix, &package) }
        return package
    }

    /// `NAME-VERSION-RELEASE.src.rpm`.
    private func readSource(_ file: String, _ epoch: String, _ package: inout FoundPackage) {
        let parts = file.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3, file.hasSuffix(".rpm") else { return }
        let name = parts.dropLast(2).joined(separator: "-")
        var release = parts[parts.count - 1].dropLast(4)
        if let dot = release.lastIndex(of: ".") { release = release[..<dot] }
        if name != package.name { package.source = name }
        let version = "\(epoch)\(parts[parts.count - 2])-\(release)"
        if version != package.version { package.sourceVersion = version }
    }

    func files(into files: inout FileNames) throws(ReadProblem) {
        let (folders, names) = (texts(.folderNames), texts(.baseNames))
        for (name, folder) in zip(names, numbers(.folderIndexes)) where folder < folders.count {
            guard folders[folder].utf8.count + name.utf8.count <= 4096 else { continue }
            try files.append(String((folders[folder] + name).drop { $0 == "/" }))
        }
    }

    private func text(_ tag: Tag) -> String? { texts(tag, most: 1).first }

    /// Types 6, 8 and 9: texts that end with a zero.
    private func texts(_ tag: Tag, most: Int = .max) -> [String] {
        guard let entry = entries[tag.rawValue], [6, 8, 9].contains(entry.type), entry.offset < data.count
        else {
            return []
        }
        var rest = data.dropFirst(entry.offset)
        var found: [String] = []
        while found.count < min(entry.count, most), !rest.isEmpty {
            let text = rest.prefix { $0 != 0 }
            found.append(String(decoding: text, as: UTF8.self))
            rest = rest[text.endIndex...].dropFirst()
        }
        return found
    }

    /// Type 4: numbers of four bytes.
    private func numbers(_ tag: Tag) -> [Int] {
        guard let entry = entries[tag.rawValue], entry.type == 4, entry.offset < data.count,
            entry.count <= (data.count - entry.offset) / 4
        else { return [] }
        let bytes = Array(data.dropFirst(entry.offset).prefix(4 * entry.count))
        return (0..<entry.count).map { Self.number(bytes, 4 * $0) }
    }

    private static func number(_ bytes: [UInt8], _ place: Int) -> Int {
        guard place + 4 <= bytes.count else { return 0 }
        return bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
