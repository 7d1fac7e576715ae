import CZlib

/// A zlib stream (RFC 1950) of which all is in memory.
package enum ZlibText {
    /// Its content; an error when that has more than `limit` bytes, or is damaged.
    package static func decoded(_ bytes: [UInt8], limit: Int) throws(ArchiveError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: min(limit, max(4096, bytes.count * 4)))
        var bytes = bytes
        while true {
            var length = uLongf(result.count)
            switch uncompress(&result, &length, &bytes, uLong(bytes.count)) {
            case Z_OK: return Array(result[..<Int(length)])
            case Z_BUF_ERROR:
                guard result.count < limit else { throw ArchiveError(.limit(.totalSize)) }
                result = [UInt8](repeating: 0, count: min(limit, result.count * 4))
            case let error: throw ArchiveError(.compression("zlib error \(error)"))
            }
        }
    }
}
