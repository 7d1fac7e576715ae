import CLinux
import Glibc
import KilnSystem
import SystemPackage

/// Takes apart what a fanotify group with names gives (fanotify(7)): file system, folder and name of each event.
enum RootEventParser {
    struct Raw: Hashable {
        let mask: UInt64
        let pid: Int32
        let fileSystem: UInt64
        /// A `file_handle` of the folder.
        let folder: [UInt8]
        let name: String
    }

    enum Entry: Hashable {
        case event(Raw)
        /// Events were lost.
        case overflow
    }

    private static let headSize = 24
    private static let named: Set<UInt8> = [2, 10, 12]

    static func entries(_ bytes: UnsafeRawBufferPointer) -> [Entry] {
        var entries: [Entry] = []
        var start = 0
        while start + headSize <= bytes.count {
            let length = Int(bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
            guard length >= headSize, start + length <= bytes.count else { break }
            let event = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)])
            let mask = event.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            if mask & UInt64(KILN_FAN_OVERFLOW) != 0 {
                entries.append(.overflow)
            } else if let raw = raw(event, mask) {
                entries.append(.event(raw))
            }
            start += length
        }
        return entries
    }

    /// The head, then one record: type, length, file system, handle, name.
    private static func raw(_ event: UnsafeRawBufferPointer, _ mask: UInt64) -> Raw? {
        let start = Int(event.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
        guard start + 20 <= event.count, named.contains(event[start]) else { return nil }
        let length = Int(event.loadUnaligned(fromByteOffset: start + 2, as: UInt16.self))
        let handleSize = Int(event.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self))
        let nameStart = start + 20 + handleSize
        guard start + length <= event.count, nameStart <= start + length else { return nil }
        let name = event[nameStart..<(start + length)].prefix { $0 != 0 }
        return Raw(
            mask: mask,
            pid: event.loadUnaligned(fromByteOffset: 20, as: Int32.self),
            fileSystem: event.loadUnaligned(fromByteOffset: start + 4, as: UInt64.self),
            folder: Array(event[(start + 12)..<nameStart]),
            name: String(decoding: name, as: UTF8.self)
        )
    }

    /// Where the folder is now; nil when it is gone.
    static func path(of folder: [UInt8], on mount: FilePath) -> String? {
        let root = open(mount.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { return nil }
        defer { close(root) }
        let descriptor = folder.withUnsafeBytes { kiln_open_by_handle(root, $0.baseAddress) }
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return ProcessLinks.target("fd/\(descriptor)", of: "self")
    }

    static func what(_ mask: UInt64) -> RootEvent.What {
        if mask & UInt64(KILN_FAN_CREATE) != 0 { return .created }
        if mask & UInt64(KILN_FAN_MOVED) != 0 { return .moved }
        if mask & UInt64(KILN_FAN_DELETE) != 0 { return .removed }
        return mask & UInt64(KILN_FAN_MODIFY) != 0 ? .written : .attributes
    }
}
