import Testing

@testable import KilnPlatformLocal

@Suite struct `Events of a writable root` {
    /// One event as fanotify(7) lays it out: head, record, handle, name.
    private func event(mask: UInt64, pid: Int32, name: String, handle: [UInt8] = [1, 2, 3, 4]) -> [UInt8] {
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
        var record = bytes(UInt64(77)) + bytes(UInt32(handle.count)) + bytes(Int32(1)) + handle
        record += Array(name.utf8) + [0]
        record = [2, 0] + bytes(UInt16(record.count + 4)) + record
        let length = UInt32(24 + record.count)
        return bytes(length) + [3, 0] + bytes(UInt16(24)) + bytes(mask) + bytes(Int32(-1)) + bytes(pid)
            + record
    }

    private func entries(_ bytes: [UInt8]) -> [RootEventParser.Entry] {
        bytes.withUnsafeBytes { RootEventParser.entries($0) }
    }

    @Test func `are taken apart, one after the other`() throws {
        let found = entries(event(mask: 0x2, pid: 9, name: "a") + event(mask: 0x200, pid: 10, name: "bc"))
        guard found.count == 2, case .event(let first) = found[0], case .event(let second) = found[1] else {
            throw Unexpected(found)
        }
        #expect((first.name, first.pid, first.fileSystem) == ("a", 9, 77))
        #expect(RootEventParser.what(first.mask) == .written)
        #expect((second.name, RootEventParser.what(second.mask)) == ("bc", .removed))
    }

    @Test func `looks at every fleet when events were lost`() {
        #expect(entries(event(mask: 0x4000, pid: 0, name: "")) == [.overflow])
    }

    @Test func `that are cut off anywhere are no events`() {
        let whole = event(mask: 0x2, pid: 9, name: "name")
        for count in 0..<whole.count { #expect(entries(Array(whole[..<count])).isEmpty, "\(count)") }
    }
}
