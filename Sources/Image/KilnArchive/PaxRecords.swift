/// What pax headers say about the entries after them (POSIX.1-2017, pax, extended header), as far as it is read.
struct PaxRecords: Equatable {
    private var values: [String: [UInt8]] = [:]
    private(set) var isSparse = false
    /// What GNU tar says of a sparse file, by the key's last part.
    private var sparse: [String: [UInt8]] = [:]

    /// Reads `LENGTH KEY=VALUE\n` until the end; a later record replaces an earlier one, an empty value removes it.
    mutating func read(_ bytes: [UInt8], at offset: Int64) throws(ArchiveError) {
        let malformed = ArchiveError(.malformed(field: "extended header"), offset: offset)
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")), space - rest.startIndex <= 10,
                let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                length > space - rest.startIndex + 1, length <= rest.count
            else { throw malformed }
            let record = rest[(space + 1)..<(rest.startIndex + length)]
            guard record.last == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")),
                let key = String(validating: record[..<equals], as: UTF8.self), !key.isEmpty
            else { throw malformed }
            let value = Array(record[(equals + 1)...].dropLast())
            rest = rest.dropFirst(length)
            let isXattr = key.hasPrefix(Self.xattrPrefix)
            if isXattr || Self.keys.contains(key) {
                values[key] = value.isEmpty && !isXattr ? nil : value
            } else if key.hasPrefix("GNU.sparse.") || key == "SCHILY.realsize" {
                isSparse = isSparse || !value.isEmpty
                if let name = key.split(separator: ".").last.map(String.init), Self.sparseKeys.contains(name)
                {
                    sparse[name] = value
                }
            }
        }
    }

    mutating func set(_ key: String, _ value: [UInt8]) {
        values[key] = value
    }

    /// These with the other's in front of them.
    func covered(by other: PaxRecords) -> PaxRecords {
        var result = self
        result.values.merge(other.values) { $1 }
        result.isSparse = isSparse || other.isSparse
        result.sparse.merge(other.sparse) { $1 }
        return result
    }

    func bytes(_ key: String) -> [UInt8]? { values[key] }

    func sparse(_ key: String) -> [UInt8]? { sparse[key] }

    /// Whole seconds or bytes; a fraction is dropped towards the past.
    func number(_ key: String, at offset: Int64) throws(ArchiveError) -> Int64? {
        guard let bytes = values[key] else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1)
        guard let whole = parts.first, let value = Int64(String(decoding: whole, as: UTF8.self)) else {
            throw ArchiveError(.malformed(field: key), offset: offset)
        }
        let hasFraction = parts.count > 1 && parts[1].contains { $0 != UInt8(ascii: "0") }
        guard hasFraction, whole.first == UInt8(ascii: "-") else { return value }
        let (floor, overflows) = value.subtractingReportingOverflow(1)
        guard !overflows else { throw ArchiveError(.malformed(field: key), offset: offset) }
        return floor
    }

    var xattrs: [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for (key, value) in values where key.hasPrefix(Self.xattrPrefix) {
            result[String(key.dropFirst(Self.xattrPrefix.count))] = value
        }
        return result
    }

    private static let sparseKeys: Set<String> = ["major", "minor", "name", "realsize", "size", "map"]
    private static let xattrPrefix = "SCHILY.xattr."
    /// The rest is not kept: a header of them would be looked through for each entry after it.
    private static let keys: Set<String> = ["path", "linkpath", "size", "uid", "gid", "mtime"]
}
