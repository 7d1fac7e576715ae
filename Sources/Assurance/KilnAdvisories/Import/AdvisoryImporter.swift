import Glibc
package import KilnArchive
import KilnOCI
package import SystemPackage

/// Reads files of advisories into a builder, one record at a time.
package enum AdvisoryImporter {
    /// Imports a file, told by its content unless a format is given, under its own name or another. Blocks.
    package static func importFile(
        _ path: FilePath,
        named: String? = nil,
        as format: ImportFormat? = nil,
        limits: ArchiveLimits = importLimits,
        into builder: inout DatabaseBuilder
    ) throws -> ImportReport {
        let name = named ?? path.lastComponent?.string ?? path.string
        do {
            let digest = try digest(of: path)
            if try ZipArchive.isZip(path) {
                return try importZip(
                    path,
                    ImportReport(name: name, format: .osvZip, digest: digest),
                    limits,
                    into: &builder
                )
            }
            let stream = try Decompressor(try FileSource(path), limits: limits)
            let report = ImportReport(name: name, format: format ?? .osv, digest: digest)
            return try importStream(stream, report, isTold: format != nil, into: &builder)
        } catch let error as ImportError {
            throw error.reading(path.string)
        } catch let error as ArchiveError {
            throw ImportError(.stream(error.reading(path)), file: path.string)
        }
    }

    /// Imports what is in memory, compressed or not.
    package static func importBytes(
        _ bytes: [UInt8],
        name: String,
        as format: ImportFormat? = nil,
        into builder: inout DatabaseBuilder
    ) throws -> ImportReport {
        do {
            let stream = try Decompressor(MemorySource(bytes), limits: importLimits)
            let report = ImportReport(name: name, format: format ?? .osv, digest: Digest(of: bytes))
            return try importStream(stream, report, isTold: format != nil, into: &builder)
        } catch let error as ImportError {
            throw error.reading(name)
        } catch let error as ArchiveError {
            throw ImportError(.stream(error), file: name)
        }
    }

    /// A dump of all of OSV is some 10 GB; a record of its own is bounded by `RecordReader.longest`.
    package static let importLimits: ArchiveLimits = {
        var limits = ArchiveLimits.standard
        limits.totalSize = 32 << 30
        limits.expansion = 2000
        return limits
    }()

    private static func importStream(
        _ stream: Decompressor,
        _ empty: ImportReport,
        isTold: Bool,
        into builder: inout DatabaseBuilder
    ) throws -> ImportReport {
        var report = empty
        var reader = RecordReader(stream)
        let beginning = try reader.beginning()
        if !isTold {
            guard let format = FormatGuess.format(of: beginning, named: report.name) else {
                throw ImportError(.unknownFormat)
            }
            report.format = format
        }
        switch report.format {
        case .debianTracker: try DebianTracker.read(&reader, &report, into: &builder)
        case .nvd: try NVDFeed.read(&reader, &report, into: &builder)
        case .debianSupport: try DebianSupport.read(&reader, &report, into: &builder)
        case .exploited: try ExploitedList.read(&reader, &report, into: &builder)
        case .osv, .osvZip:
            try readOSV(&reader, isDocument: FormatGuess.isLaidOut(beginning), &report, into: &builder)
        }
        return try finished(report, into: &builder)
    }

    private static func readOSV(
        _ reader: inout RecordReader,
        isDocument: Bool,
        _ report: inout ImportReport,
        into builder: inout DatabaseBuilder
    ) throws {
        if isDocument {
            return OSVRecords.take(try reader.rest()[...], named: report.name, &report, into: &builder)
        }
        var number = 0
        while let line = try reader.line() {
            number += 1
            OSVRecords.take(line[...], named: "line \(number)", &report, into: &builder)
        }
    }

    private static func importZip(
        _ path: FilePath,
        _ empty: ImportReport,
        _ limits: ArchiveLimits,
        into builder: inout DatabaseBuilder
    ) throws -> ImportReport {
        var report = empty
        let archive = try archive(path)
        for member in archive.members where member.name.hasSuffix(".json") {
            do throws(ImportError) {
                var reader = RecordReader(try content(of: member, in: archive, limits))
                OSVRecords.take(try reader.rest()[...], named: member.name, &report, into: &builder)
            } catch {
                report.read += 1
                report.skip(.malformed, "\(member.name): its content is damaged")
            }
        }
        return try finished(report, into: &builder)
    }

    private static func archive(_ path: FilePath) throws(ImportError) -> ZipArchive {
        do {
            return try ZipArchive(try FileBytes(path))
        } catch {
            throw ImportError(.stream(error))
        }
    }

    private static func content(
        of member: ZipArchive.Member,
        in archive: ZipArchive,
        _ limits: ArchiveLimits
    ) throws(ImportError) -> any ByteSource {
        do {
            return try archive.content(of: member, limits: limits)
        } catch {
            throw ImportError(.stream(error))
        }
    }

    /// A file of which nothing could be read is an error as a whole.
    private static func finished(
        _ report: ImportReport,
        into builder: inout DatabaseBuilder
    ) throws(ImportError) -> ImportReport {
        let malformed = report.skipped[.malformed] ?? 0
        guard report.read > 0 else { throw ImportError(.unknownFormat) }
        guard malformed < report.read else {
            throw ImportError(.nothingReadable(read: report.read, first: report.faults.first ?? "-"))
        }
        builder.note(report)
        return report
    }

    private static func digest(of path: FilePath) throws(ArchiveError) -> Digest {
        let source = try FileSource(path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var hasher = ContentHasher()
        while true {
            let count = try source.read(into: buffer)
            if count == 0 { return hasher.finish() }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}

/// Tells what a file is by its first bytes.
enum FormatGuess {
    static func format(of beginning: [UInt8], named name: String) -> ImportFormat? {
        if DebianSupport.release(of: name) != nil { return .debianSupport }
        let text = String(decoding: beginning, as: UTF8.self)
        let start = text.drop(while: \.isWhitespace)
        if start.hasPrefix("CVE-") || start.hasPrefix("#") { return .exploited }
        guard start.first == "{" else { return nil }
        if start.contains("\"catalogVersion\"") || start.contains("\"cveID\"") { return .exploited }
        if start.contains("\"NVD_CVE\"") { return .nvd }
        let inner = start.dropFirst().drop(while: \.isWhitespace)
        guard let key = inner.dropFirst().firstIndex(of: "\"") else { return nil }
        let value = inner[inner.index(after: key)...].drop { $0.isWhitespace || $0 == ":" }
        if value.first == "{" {
            let name = value.dropFirst().drop(while: \.isWhitespace)
            if name.hasPrefix("\"CVE-") || name.hasPrefix("\"TEMP-") || name.hasPrefix("\"DSA-") {
                return .debianTracker
            }
        }
        return start.contains("\"affected\"") || start.contains("\"id\"") ? .osv : nil
    }

    /// Whether one JSON document is spread over lines, instead of one on each.
    static func isLaidOut(_ beginning: [UInt8]) -> Bool {
        let start = beginning.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        guard start.first == UInt8(ascii: "{") else { return false }
        return start.dropFirst().first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D } == 0x0A
    }
}
